"""The installed SDK as a plugin's author has it: moved away from where it was
built, without the source tree."""

import os
import shutil
import subprocess
from pathlib import Path

TIMEOUT = 300


def tool(*words, cwd=None, env=None, code=0):
    """Runs a tool of the author's to its end; returns its output."""
    clean = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **(env or {})}
    for name in ("CCACHE_DIR", "CMAKE_C_COMPILER_LAUNCHER"):
        if name in os.environ:
            clean.setdefault(name, os.environ[name])
    done = subprocess.run(list(map(str, words)), cwd=cwd, env=clean, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False)
    out = done.stdout.decode("utf-8", "replace")
    assert done.returncode == code, f"$ {' '.join(map(str, words))}\nexit {done.returncode}\n{out}"
    return out


class Sdk:
    """A copy of the installed prefix."""

    def __init__(self, installation, folder):
        self.prefix = folder / "moved"
        shutil.copytree(installation.prefix, self.prefix, symlinks=True)
        self.program = self.prefix / "bin" / "eloquent"
        self.plugins = self.prefix / installation.plugins.relative_to(installation.prefix)
        self.library = self.plugins.parents[1]

    def pkg_config(self, *words):
        return tool("pkg-config", *words, env={"PKG_CONFIG_PATH": str(self.library / "pkgconfig")}).split()

    def configure(self, source, build, *words, code=0):
        return tool("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}", *words, code=code)

    def build(self, source, *words):
        """Configures and builds; returns the build folder."""
        build = Path(source) / "build"
        self.configure(source, build, *words)
        tool("cmake", "--build", build)
        return build


def exported(plugin):
    """The names that a shared object exports."""
    return [line.split()[-1] for line in tool("nm", "-D", "--defined-only", plugin).splitlines()]
