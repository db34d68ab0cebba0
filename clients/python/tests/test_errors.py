import errno
import pickle
import unittest

import servicekit
from servicekit._errors import reply_error


class ErrorsTest(unittest.TestCase):
    def test_all_have_one_base(self) -> None:
        for name in servicekit.__all__:
            member = getattr(servicekit, name)
            if isinstance(member, type) and issubclass(member, BaseException):
                self.assertTrue(issubclass(member, servicekit.Error), name)

    def test_timeouts_are_those_of_python_too(self) -> None:
        for kind in (servicekit.CallTimeoutError, servicekit.ReplyTimeoutError, servicekit.ConnectTimeoutError):
            self.assertTrue(issubclass(kind, TimeoutError))
            self.assertTrue(issubclass(kind, servicekit.CallTimeoutError))
        self.assertFalse(issubclass(servicekit.ReplyError, OSError))

    def test_they_can_be_sent_to_another_process(self) -> None:
        for error in (
            servicekit.ArgumentError("no"),
            servicekit.ConnectError("no socket", errno.ENOENT),
            servicekit.ConnectTimeoutError("full"),
            servicekit.UntrustedServerError("stranger"),
            servicekit.CallTimeoutError("the time is up"),
            servicekit.NoReplyError("closed", errno.EPIPE),
            servicekit.ProtocolError("hello"),
            servicekit.GivenUpError("given up"),
            reply_error("x", {"code": "busy", "message": "full"}),
            reply_error("x", {"code": "timeout", "message": "slow"}),
        ):
            copy = pickle.loads(pickle.dumps(error))
            self.assertIs(type(copy), type(error))
            self.assertEqual(str(copy), str(error))
            self.assertEqual(vars(copy), vars(error))
            self.assertEqual(getattr(copy, "errno", None), getattr(error, "errno", None))
            self.assertNotIn("(", str(error))

    def test_an_error_of_a_connection_has_its_errno(self) -> None:
        self.assertEqual(servicekit.ConnectError("no", errno.ENOENT).errno, errno.ENOENT)
        self.assertIsNone(servicekit.ConnectTimeoutError("no").errno)

    def test_those_of_a_connection_are_those_of_python_too(self) -> None:
        for kind in (servicekit.ConnectError, servicekit.ConnectTimeoutError, servicekit.NoReplyError):
            self.assertTrue(issubclass(kind, ConnectionError))


if __name__ == "__main__":
    unittest.main()
