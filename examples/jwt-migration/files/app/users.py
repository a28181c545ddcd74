"""Who may log in. Passwords are stored as salted hashes."""
import hashlib
import hmac

_SALT = b"notes-api"


def _hash(password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), _SALT, 1000)


_USERS = {"ada": _hash("correct horse"), "grace": _hash("battery staple")}


def password_fits(name, password):
    stored = _USERS.get(name)
    return stored is not None and hmac.compare_digest(stored, _hash(password))
