#!/usr/bin/env python3
"""Runs every command of a page of the manual and compares what it prints.

usage: run_page.py PAGE.md BUILD-DIRECTORY

The programs are those of the build directory. A page that uses the library has an installation of its own.

In the indented blocks of a page a command begins with a prompt, `MACHINE$ `; the lines below it, up to the next
prompt or the end of the block, are what it prints. Each machine of a page is a network namespace of its own with a
fresh home directory: the machines `one` and `two` are 192.0.2.1 and 192.0.2.2, with a cable between them. The commands of a
machine go to one shell, one after the other, so `&` and variables work as a reader expects. The schedulers sbatch and
parallel are stand-ins that run the tasks one after the other.

- `...` stands for any text within a line, and for any lines when it stands alone.
- A command that ends with `# exits with N` must exit with N, every other with 0.
- A swarm needs a moment to agree: a command that only reads is asked again for ten seconds.

Exit code: 0 all as the page says, 1 something else was printed, 77 namespaces are not permitted here.
"""
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ADDRESSES = {"one": "192.0.2.1", "two": "192.0.2.2"}
PROMPT = re.compile(r"^    (\w+)\$ (.*)$")
READS = re.compile(r"^(halp (--socket \S+ )?(get|peers|status|labels|doctor|dht (get|ranges|scan|status))|curl|dig|nc|printf|ss|python3|\./)\b")
STAND_INS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stand_ins")  # of schedulers
PATIENCE_S = 10
COMMAND_MAX_S = 60


class Step:
    def __init__(self, machine, command, line):
        self.machine, self.command, self.line, self.expected = machine, command, line, []

    def exit_code(self):
        named = re.search(r"# exits with (\d+)$", self.command)
        return int(named.group(1)) if named else 0


def steps_of(page):
    steps, current = [], None
    with open(page, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            prompt = PROMPT.match(line)
            if prompt:
                current = Step(prompt.group(1), prompt.group(2), number)
                steps.append(current)
            elif line.startswith("    ") and current:
                if current.command.endswith("\\") or "<<" in current.command and not current.expected and not ended(current):
                    current.command += "\n" + line[4:]
                else:
                    current.expected.append(line[4:])
            elif line.strip():
                current = None
    return steps


def ended(step):
    """Whether the here-document of a command has its last line."""
    word = re.search(r"<<\s*'?(\w+)'?", step.command).group(1)
    return step.command.rsplit("\n", 1)[-1] == word


def pattern_of(expected):
    """A regular expression for the lines that a page shows."""
    out = ""
    for line in expected:
        if line.strip() == "...":
            out += r"(?:.*\n)*?"
        else:
            out += ".*?".join(re.escape(re.sub(r"\s+", " ", part)) for part in line.split("...")) + r"\s*\n"
    return re.compile(out + r"\s*\Z")


class Machine:
    """A shell in a network namespace, with a home directory of its own."""

    def __init__(self, name, home, programs, installed):
        self.name = name
        os.makedirs(home)
        directories = {key: os.path.join(home, sub) for key, sub in (
            ("XDG_STATE_HOME", ".local/state"), ("XDG_CONFIG_HOME", ".config"), ("XDG_RUNTIME_DIR", "run"),
            ("STATE_DIRECTORY", "state"), ("RUNTIME_DIRECTORY", "run/halp"))}
        for directory in directories.values():
            os.makedirs(directory, exist_ok=True)
        environment = {**directories, **installed, "LANG": "C.UTF-8", "HOME": home, "PATH": ":".join([programs, STAND_INS, os.environ["PATH"]]), "NO_COLOR": "1",
                       "TMPDIR": home}
        self.shell = subprocess.Popen(["unshare", "-n", "bash", "--norc", "-s"], cwd=home, env=environment, text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      start_new_session=True)
        self.run("ip link set lo up")

    def run(self, command):
        """What the command printed, and its exit code. What background jobs print before that is part of it."""
        mark = f"end-of-command-{time.monotonic_ns()}"
        self.shell.stdin.write(f"{command}\nprintf '\\n{mark} %s\\n' $?\n")
        self.shell.stdin.flush()
        text, until = "", time.monotonic() + COMMAND_MAX_S
        descriptor = self.shell.stdout.fileno()
        while (found := re.search(rf"\n?{mark} (\d+)\n", text)) is None:
            if not select.select([descriptor], [], [], max(0, until - time.monotonic()))[0]:
                raise RuntimeError(f"`{command}` does not end within {COMMAND_MAX_S} s; so far: {text}")
            more = os.read(descriptor, 65536).decode(errors="replace")
            if not more:
                raise RuntimeError(f"the shell of {self.name} ended at `{command}`: {text}")
            text += more
        return text[: found.start()], int(found.group(1))

    def end(self):
        self.shell.stdin.close()
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.shell.pid, sign)
            except ProcessLookupError:
                break
            time.sleep(0.2)
        self.shell.wait()


def install(build, prefix):
    """Installs what was built below the prefix; returns the variables by which compilers and Python find it there."""
    subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    place = lambda name: next(where for where, folders, files in os.walk(prefix) if name in files)
    return {"PKG_CONFIG_PATH": place("halp.pc"), "LD_LIBRARY_PATH": place("libhalp.so.1"),
            "PYTHONPATH": os.path.dirname(place("py.typed")), "PYTHONDONTWRITEBYTECODE": "1"}


def connect(machines):
    """A cable between the machines `one` and `two`."""
    call = lambda *words: subprocess.run(["ip", *words], check=True)
    if set(machines) >= {"one", "two"}:
        call("link", "add", "cable-one", "type", "veth", "peer", "name", "cable-two")
        for name in ("one", "two"):
            call("link", "set", "cable-" + name, "netns", str(machines[name].shell.pid))
    elif "one" in machines:
        machines["one"].run("ip link add cable-one type dummy")
    for name, address in ADDRESSES.items():
        if name in machines:
            machines[name].run(f"ip addr add {address}/24 dev cable-{name}; ip link set cable-{name} up")


def said(text):
    return re.sub(r"[ \t]+", " ", re.sub(r"^\[\d+\] \d+\n", "", text, flags=re.M)).lstrip("\n") + "\n"


def play(step, machine):
    """None when the command did what the page says, else what it did."""
    wanted, until = pattern_of(step.expected), time.monotonic() + PATIENCE_S
    while True:
        text, code = machine.run(step.command)
        right = code == step.exit_code() and (not step.expected or wanted.match(said(text)))
        if right:
            return None
        if not READS.match(step.command) or time.monotonic() > until:
            return f"exit code {code}, printed:\n{text}"
        time.sleep(0.1)


def main(page, programs):
    steps = steps_of(page)
    if not steps:
        sys.exit(f"{page} has no commands: a block line like `    one$ halp status` is one")
    folder = tempfile.mkdtemp(prefix="halp-page-")
    machines, wrong = {}, 0
    try:
        installed = {}
        if any("pkg-config" in step.command or "import halp" in step.command for step in steps):
            installed = install(programs, os.path.join(folder, "prefix"))
        for step in steps:
            if step.machine not in machines:
                machines[step.machine] = Machine(step.machine, os.path.join(folder, step.machine), os.path.abspath(programs),
                                                 installed)
        connect(machines)
        for step in steps:
            trouble = play(step, machines[step.machine])
            print(f"{'wrong' if trouble else 'right'}: {step.machine}$ {step.command}", flush=True)
            if trouble:
                wrong += 1
                print(f"{page}:{step.line}: the page shows\n" + "\n".join(step.expected) + f"\nbut: {trouble}", flush=True)
    finally:
        for machine in machines.values():
            machine.end()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if wrong else 0


def in_own_network():
    """Starts this program again in a network namespace, where nothing reaches the machine's own."""
    for flags in (["-n"], ["-rn"]):
        if subprocess.run(["unshare", *flags, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.argv, "--in-own-network"])
    print("network namespaces are not permitted here")
    sys.exit(77)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if sys.argv[-1] != "--in-own-network":
        in_own_network()
    sys.exit(main(sys.argv[1], sys.argv[2]))
