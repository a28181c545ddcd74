"""The API without a server: handle() takes a request and gives (status, answer)."""
from app.sessions import Sessions
from app.users import password_fits


class Api:
    def __init__(self, key, clock):
        self._clock = clock
        self._sessions = Sessions()
        self._notes = {}

    def handle(self, method, path, headers, body):
        if (method, path) == ("POST", "/login"):
            return self._login(body)
        name = self._caller(headers)
        if name is None:
            return 401, {"error": "log in first"}
        if (method, path) == ("GET", "/notes"):
            return 200, {"notes": self._notes.get(name, [])}
        if (method, path) == ("POST", "/notes"):
            self._notes.setdefault(name, []).append(body["text"])
            return 201, {"notes": len(self._notes[name])}
        return 404, {"error": "no such path"}

    def _login(self, body):
        if not password_fits(body.get("name", ""), body.get("password", "")):
            return 401, {"error": "wrong name or password"}
        return 200, {"session": self._sessions.begin(body["name"])}

    def _caller(self, headers):
        return self._sessions.name(headers.get("X-Session", ""))
