# Rack::Session::Pool of Rack 2.2, no option set.
# recommended: Secure, SameSite, 30 minutes, renewed at login, a __Host- name.
require "rack"
require_relative "../common/kit"

KEY = Kit::RECOMMENDED ? "__Host-session" : "rack.session"
OPTIONS = { key: KEY, secure: true, same_site: :lax, httponly: true, expire_after: 1800 }.freeze

judged = lambda do |env|
  request = Rack::Request.new(env)
  session = env["rack.session"]
  renew = -> { env["rack.session.options"][:renew] = true }
  login = lambda do |user|
    renew.call if Kit::RECOMMENDED
    session["user"] = user
  end
  results = Kit.run(request.GET["ops"], {
    **Kit.of_hash(session), destroy: -> { session.destroy }, logout: -> { session.destroy },
    renew: renew, login: login })
  headers = { "Content-Type" => "application/json" }
  headers["Cache-Control"] = request.GET["cc"] if request.GET["cc"]
  [(request.GET["status"] || 200).to_i, headers, [results.to_json]]
end
pool = Rack::Session::Pool.new(judged, Kit::RECOMMENDED ? OPTIONS : {})

run(lambda do |env|
  case env["PATH_INFO"]
  when "/caps"
    [200, {}, [Kit.caps("Rack::Session::Pool", Rack.release, KEY,
                        idle: Kit::RECOMMENDED ? 1800 : nil,
                        login: Kit::RECOMMENDED ? "session.options[:renew]" : nil)]]
  when "/stats" then [200, {}, [pool.pool.size.to_s]]
  else
    env["HTTPS"] = "on" if env["HTTP_X_FORWARDED_PROTO"] == "https" # as puma behind TLS has it
    pool.call(env)
  end
end)
