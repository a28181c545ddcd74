"""What all probes share: raw system calls, and how an attack says what came of it."""
import ctypes
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
ATTACKS = {}

# Numbers above 423 are the same on every machine.
COLUMN = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
NUMBERS = {
    "clone": (56, 220), "pivot_root": (155, 41), "init_module": (175, 105), "quotactl": (179, 60),
    "iopl": (172, -1), "kexec_load": (246, 104), "add_key": (248, 217), "ioprio_set": (251, 30),
    "sync": (162, 81), "mq_open": (240, 180), "inotify_init1": (294, 26), "perf_event_open": (298, 241),
    "bpf": (321, 280), "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "pidfd_open": (434, 434), "clone3": (435, 435), "pidfd_getfd": (438, 438), "mount_setattr": (442, 442),
}


class Stopped(Exception):
    """The attack came to nothing, without an error of the kernel to show for it."""


class Absent(Exception):
    """This kernel has nothing to attack."""


def attack(name):
    def keep(function):
        ATTACKS[name] = function
        return function
    return keep


def failed(where):
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code), where)


def number(value):
    return ctypes.c_long(value) if isinstance(value, int) else value


def syscall(name, *arguments):
    nr = NUMBERS[name][COLUMN]
    if nr < 0:
        raise Absent(name + " is no call of this machine")
    result = libc.syscall(ctypes.c_long(nr), *map(number, arguments))
    if result == -1:
        raise failed(name)
    return result


def call(name, *arguments):
    result = getattr(libc, name)(*map(number, arguments))
    if result == -1:
        raise failed(name)
    return result


def text(value):
    return ctypes.c_char_p(value.encode())


def read(path, most=1 << 16):
    with open(path, "rb", buffering=0) as f:
        return f.read(most)


def overwrite(path, value):
    """Writes into what exists; makes nothing."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def in_child(function):
    """Runs a function in a child, so that what it does to itself is gone afterwards."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(r)
        try:
            os.write(w, b"+" + str(function()).encode())
        except OSError as e:
            os.write(w, b"-%d" % (e.errno or 0))
        except BaseException as e:
            os.write(w, b"!" + repr(e).encode())
        os._exit(0)
    os.close(w)
    with os.fdopen(r, "rb") as f:
        answer = f.read()
    os.waitpid(pid, 0)
    if answer[:1] == b"+":
        return answer[1:].decode()
    if answer[:1] == b"-":
        code = int(answer[1:])
        raise OSError(code, os.strerror(code))
    raise Stopped("the child ended with " + answer.decode(errors="replace"))


def first(things, function):
    """The first thing with which the function succeeds; else the last error."""
    last = Stopped("there was nothing to try")
    for thing in things:
        try:
            return function(thing)
        except (OSError, Stopped) as e:
            last = e
    raise last
