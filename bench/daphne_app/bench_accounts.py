"""Django's own sign-in and session check, as a measure for Parley: django.contrib.auth with its usual hash (PBKDF2),
sessions in SQLite, JSON views.

usage: BENCH_DATABASE=FILE PYTHONPATH=bench/daphne_app /usr/bin/daphne -b 127.0.0.1 -p PORT bench_accounts:application
       BENCH_DATABASE=FILE PYTHONPATH=bench/daphne_app /usr/bin/python3 -m bench_accounts     makes tables and accounts
"""

import json
import os

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="for the benchmark alone",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["BENCH_DATABASE"],
            "OPTIONS": {"timeout": 20},
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    LOGGING_CONFIG=None,
)
django.setup()

from django.contrib.auth import authenticate, get_user_model, login  # noqa: E402  (needs the settings)
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

PASSWORD = "a password for the benchmark"


def account(user):
    return {
        "id": user.pk,
        "email": user.email,
        "name": user.first_name,
        "role": "admin" if user.is_staff else "member",
        "created": user.date_joined,
        "signed_in": user.last_login,
    }


@csrf_exempt
def session(request):
    if request.method == "POST":
        given = json.loads(request.body)
        user = authenticate(request, username=given["email"], password=given["password"])
        if user is None:
            return JsonResponse({"status": 401, "code": "bad_credentials"}, status=401)
        login(request, user)
        return JsonResponse({"account": account(user)})
    if not request.user.is_authenticated:
        return JsonResponse({"status": 401, "code": "not_signed_in"}, status=401)
    return JsonResponse({"account": account(request.user), "session": {"expires": request.session.get_expiry_date()}})


def info(request):
    return JsonResponse(
        {
            "name": "Parley",
            "version": "0.1.0",
            "protocols": ["parley.v1"],
            "rooms": {"max_participants": 2, "knock": True, "empty_s": 3600, "create": "anyone"},
            "accounts": {"signup": "open", "password_min": 8, "passkeys": True},
        }
    )


urlpatterns = [path("api/v1/session", session), path("api/v1/info", info)]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    for number in range(4):
        email = f"user{number}@example.org"
        get_user_model().objects.create_user(email, email, PASSWORD, first_name=f"User {number}")
else:
    application = get_asgi_application()
