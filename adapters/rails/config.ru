# Rails' CookieStore, its default: the whole session is encrypted in the cookie.
# recommended: CacheStore, force_ssl's Secure cookies, 30 minutes, reset_session at login as its
# security guide advises, a __Host- name.
require "action_controller/railtie"
require_relative "../common/kit"

NAME = Kit::RECOMMENDED ? "__Host-session" : "_app_session"

class App < Rails::Application
  config.load_defaults 6.1
  config.root = __dir__
  config.eager_load = false
  config.secret_key_base = "k" * 64
  config.hosts.clear
  config.logger = Logger.new($stdout, level: Logger::ERROR)
  config.consider_all_requests_local = false
  config.action_controller.allow_forgery_protection = false # the judge's client has no forms
  config.cache_store = :memory_store
  if Kit::RECOMMENDED
    config.force_ssl = true
    config.session_store :cache_store, key: NAME, expire_after: 1800, secure: true
  else
    config.session_store :cookie_store, key: NAME
  end
end

class KitController < ActionController::Base
  def caps
    render json: Kit.caps("Rails", Rails.version, NAME,
                          "get put del clear destroy login logout whoami", stats: false,
                          sealed: !Kit::RECOMMENDED, idle: Kit::RECOMMENDED ? 1800 : nil,
                          login: Kit::RECOMMENDED ? "reset_session" : nil)
  end

  def act
    query = request.GET
    login = lambda do |user|
      reset_session if Kit::RECOMMENDED
      session["user"] = user
    end
    # `session` anew for each operation: reset_session replaces it.
    table = { get: ->(key) { session[key] }, put: ->(key, value) { session[key] = value },
              del: ->(key) { session.delete(key) }, clear: -> { session.clear },
              destroy: -> { reset_session }, logout: -> { reset_session }, login: login,
              whoami: -> { session["user"] } }
    results = Kit.run(query["ops"], table)
    response.headers["Cache-Control"] = query["cc"] if query["cc"]
    render json: results, status: (query["status"] || 200).to_i
  end
end

App.initialize!
App.routes.draw do
  get "/caps", to: "kit#caps"
  match "*path", to: "kit#act", via: %i[get post], format: false
end
run App
