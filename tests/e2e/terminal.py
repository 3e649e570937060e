"""Real terminals for the program: a pty that is its controlling terminal, with
the program in the foreground."""

import fcntl
import io
import os
import pty
import re
import select
import subprocess
import termios
import time

import pexpect

from project import SLOWNESS

TIMEOUT = 20 * SLOWNESS


class Terminal:
    """The program on a pty: the person types, the person sees."""

    def __init__(self, project, *words, env=None, columns=120):
        words = project.command(words)
        self.child = pexpect.spawn(words[0], words[1:], cwd=str(project.root), timeout=TIMEOUT,
                                   env={"TERM": "xterm", **project.environment(env)}, encoding="utf-8",
                                   dimensions=(24, columns), echo=False)
        self.child.logfile_read = io.StringIO()

    @property
    def bytes(self):
        """Everything that was written to it."""
        return self.child.logfile_read.getvalue()

    @property
    def screen(self):
        """The lines that stand there now, for whoever looks."""
        lines, column = [""], 0
        for part in re.findall(r"\r|\n|\x1b\[K|\x1b\[\d*m|[^\r\n\x1b]+", self.bytes):
            if part == "\n":
                lines.append("")
            elif part == "\r":
                column = 0
            elif part == "\x1b[K":
                lines[-1] = lines[-1][:column]
            elif part[0] != "\x1b":
                lines[-1] = lines[-1][:column].ljust(column) + part + lines[-1][column + len(part):]
                column += len(part)
        return lines

    def sees(self, *texts):
        """Waits for each text, in order."""
        for text in texts:
            self.child.expect_exact(text)
        return self

    def types(self, text):
        self.child.sendline(text)
        return self

    def ends_input(self):
        """Ctrl-D on an empty line."""
        self.child.sendeof()
        return self

    def interrupts(self):
        """Ctrl-C, through the line discipline."""
        self.child.sendintr()
        return self

    def hangs_up(self):
        """The terminal goes away, as with a broken connection. The kernel alone tells the
        program (pexpect's close() sends signal after signal). Returns the exit code."""
        os.close(self.child.child_fd)
        self.child.closed = self.child.ptyproc.closed = self.child.ptyproc.terminated = True
        _, status = os.waitpid(self.child.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def done(self, code):
        """Reads to the end; what is on the screen since the last sees(). Asserts the exit code."""
        self.child.expect(pexpect.EOF)
        rest = self.child.before
        self.child.close()
        got = self.child.exitstatus if self.child.signalstatus is None else -self.child.signalstatus
        assert got == code, f"expected exit {code}, got {got}\n{rest}"
        return rest


def _make_controlling(terminal):
    def in_child():
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    return in_child


def run_beside_terminal(project, *words, env=None, standard_input=b"", typed=b""):
    """The program has a terminal, but standard input is a pipe holding
    `standard_input` and its output goes to pipes. `typed` is typed on the
    terminal. Returns (exit code, stdout, stderr, what the terminal showed)."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(project.command(words), cwd=project.root, env={"TERM": "xterm", **project.environment(env)},
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             preexec_fn=_make_controlling(theirs), pass_fds=[theirs])
    os.close(theirs)
    child.stdin.write(standard_input)
    child.stdin.close()
    shown = b""
    if typed:
        os.write(ours, typed)
    deadline = time.monotonic() + TIMEOUT
    while child.poll() is None and time.monotonic() < deadline:
        shown += _read_some(ours)
    if child.poll() is None:
        child.kill()
    out, err = child.stdout.read(), child.stderr.read()
    child.wait()
    shown += _read_some(ours)
    os.close(ours)
    return child.returncode, out.decode(), err.decode(), shown.decode("utf-8", "replace")


def _read_some(fd):
    ready, _, _ = select.select([fd], [], [], 0.05)
    if not ready:
        return b""
    try:
        return os.read(fd, 65536)
    except OSError:  # EIO: the other side is closed
        return b""
