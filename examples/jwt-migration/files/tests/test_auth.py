"""What log-in promises: signed tokens that need no state, and nothing that is not signed."""
import base64
import json
import unittest

from app.api import Api

KEY = b"k" * 32


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class AuthTest(unittest.TestCase):
    def setUp(self):
        self.now = 1_000_000
        self.api = Api(KEY, lambda: self.now)

    def token(self, name="ada", password="correct horse"):
        status, answer = self.api.handle("POST", "/login", {}, {"name": name, "password": password})
        self.assertEqual(200, status)
        self.assertIn("token", answer)
        return answer["token"]

    def notes(self, token, api=None):
        headers = {"Authorization": "Bearer " + token}
        return (api or self.api).handle("GET", "/notes", headers, None)

    def test_a_token_opens_the_notes(self):
        self.assertEqual((200, {"notes": []}), self.notes(self.token()))

    def test_it_is_good_after_a_restart(self):
        token = self.token()
        self.assertEqual(200, self.notes(token, Api(KEY, lambda: self.now))[0])

    def test_it_ends_after_an_hour(self):
        token = self.token()
        self.now += 3601
        self.assertEqual(401, self.notes(token)[0])

    def test_one_of_another_key_is_refused(self):
        token = self.token()
        self.assertEqual(401, self.notes(token, Api(b"x" * 32, lambda: self.now))[0])

    def test_an_altered_one_is_refused(self):
        head, body, sign = self.token().split(".")
        grace = encoded({"sub": "grace", "exp": self.now + 60})
        self.assertEqual(401, self.notes(".".join((head, grace, sign)))[0])

    def test_unsigned_ones_are_refused(self):
        body = encoded({"sub": "ada", "exp": self.now + 60})
        self.assertEqual(401, self.notes(encoded({"alg": "none"}) + "." + body + ".")[0])
        self.assertEqual(401, self.notes("")[0])

    def test_a_wrong_password_gets_none(self):
        status, answer = self.api.handle("POST", "/login", {}, {"name": "ada", "password": "no"})
        self.assertEqual((401, {"error": "wrong name or password"}), (status, answer))


if __name__ == "__main__":
    unittest.main()
