"""Django's database sessions with django.contrib.auth.

recommended: the deployment checklist's cookie flags and a __Host- name.
"""
import os
import sys

import django
from django.conf import settings

import kit

RECOMMENDED = dict(
    SESSION_COOKIE_SECURE=True, CSRF_COOKIE_SECURE=True, SESSION_COOKIE_NAME="__Host-sessionid",
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"))
settings.configure(
    SECRET_KEY="k" * 50, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],  # fast, for a test
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes",
                    "django.contrib.sessions"],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware",
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django.middleware.common.CommonMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3",
                           "NAME": os.path.join(kit.DIR, "db.sqlite3"),
                           "OPTIONS": {"timeout": 20}}},
    **(RECOMMENDED if kit.RECOMMENDED else {}))
django.setup()

from django.contrib import auth
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import re_path


def caps(_):
    return HttpResponse(kit.caps(
        "Django", django.__version__, settings.SESSION_COOKIE_NAME,
        "get put del clear destroy renew login logout whoami endall", stats=True,
        login="django.contrib.auth.login", idle=settings.SESSION_COOKIE_AGE))


def do(request):
    operations, status, cache = kit.parse(request.META["QUERY_STRING"])
    session = request.session

    def login(name):
        user, _ = User.objects.get_or_create(username=name)
        auth.login(request, user, backend="django.contrib.auth.backends.ModelBackend")

    def endall(name):  # a new password ends every session of its user
        user = User.objects.get(username=name)
        user.set_password("new")
        user.save()

    body = kit.run(operations, {
        **kit.of_mapping(session), "clear": session.clear, "destroy": session.flush,
        "renew": session.cycle_key, "login": login, "logout": lambda: auth.logout(request),
        "whoami": lambda: request.user.username or None, "endall": endall})
    answer = HttpResponse(body, status=status, content_type="application/json")
    if cache:
        answer["Cache-Control"] = cache
    return answer


def stats(_):
    return HttpResponse(str(Session.objects.count()))


urlpatterns = [re_path("^caps$", caps), re_path("^stats$", stats), re_path("^.*do$", do)]
app = get_wsgi_application()
if sys.argv[1:] == ["migrate"]:
    call_command("migrate", verbosity=0)
