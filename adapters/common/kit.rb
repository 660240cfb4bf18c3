# What the Ruby adapters share: the environment, the gate, and one request's operations.
require "json"
require "net/http"
require "uri"

module Kit
  RECOMMENDED = ENV["PROFILE"] == "recommended"
  OPERATIONS = "get put del clear destroy renew login logout whoami".freeze

  module_function

  # The answer to /caps. Limits in seconds; `login` names the public call, nil without one.
  def caps(name, version, cookie, operations = OPERATIONS, **more)
    { name: name, version: version, language: "Ruby", cookie: cookie, ops: operations.split,
      stats: true, idle: nil, absolute: nil, login: nil, **more }.to_json
  end

  # Carries out the operations in order; returns their results.
  def run(operations, table)
    operations.split(",").map { |text| one(table, *text.split(":")) }
  end

  def one(table, name, *rest)
    return gate(*rest) if name == "gate"
    raise "the handler breaks" if name == "throw"
    return "unsupported" unless table.key?(name.to_sym)
    result = table[name.to_sym].call(*rest)
    %w[get whoami].include?(name) ? result : "ok"
  end

  # Waits until the judge opens the gate.
  def gate(name)
    Net::HTTP.get(URI("http://127.0.0.1:#{ENV.fetch('KIT_GATE')}/#{name}"))
    "ok"
  end

  # The operations of a session that is a hash.
  def of_hash(session)
    { get: ->(key) { session[key] },
      put: ->(key, value) { session[key] = value },
      del: ->(key) { session.delete(key) },
      clear: -> { session.clear },
      login: ->(user) { session["user"] = user },
      whoami: -> { session["user"] } }
  end
end
