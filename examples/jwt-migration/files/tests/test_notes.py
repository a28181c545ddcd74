"""Notes belong to whom wrote them. Still logs in the old way; the migration has to change that."""
import unittest

from app.api import Api


class NotesTest(unittest.TestCase):
    def setUp(self):
        self.api = Api(b"k" * 32, lambda: 1_000_000)

    def log_in(self, name, password):
        answer = self.api.handle("POST", "/login", {}, {"name": name, "password": password})[1]
        return {"X-Session": answer["session"]}

    def test_notes_are_their_writers(self):
        ada = self.log_in("ada", "correct horse")
        grace = self.log_in("grace", "battery staple")
        self.assertEqual(201, self.api.handle("POST", "/notes", ada, {"text": "hello"})[0])
        self.assertEqual({"notes": ["hello"]}, self.api.handle("GET", "/notes", ada, None)[1])
        self.assertEqual({"notes": []}, self.api.handle("GET", "/notes", grace, None)[1])


if __name__ == "__main__":
    unittest.main()
