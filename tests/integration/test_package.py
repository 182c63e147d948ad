#!/usr/bin/env python3
"""What make install puts where, the services, and what shells complete.

usage: test_package.py [WORD...]    only cases with such a word in their name
"""

import glob
import os
import pty
import re
import select
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
from collectors import bounded
from harness import PROGRAM, ROOT, Skip, Tap, need_program, run

BASH = os.path.join(ROOT, "build", "share", "bash", "spanflow")
ZSH = os.path.join(ROOT, "build", "share", "zsh", "_spanflow")
CTL = os.path.join(os.path.dirname(os.path.abspath(PROGRAM)), "spanflowctl")
# How much of the system a service may reach, as systemd-analyze reckons: tenths, of 0 to 100.
EXPOSURE_MAX = 30


def called(command, **more):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120,
                          stdin=subprocess.DEVNULL, env=environment, **more)


def make(case, target, root):
    done = called(["make", "-s", "-C", ROOT, target, "DESTDIR=" + root])
    case.equal(done.returncode, 0, f"make {target}: {done.stderr[-500:]}")


def files(root):
    return sorted("/" + os.path.relpath(os.path.join(where, name), root)
                  for where, _, names in os.walk(root) for name in names)


def needed(program):
    if not shutil.which(program):
        raise Skip(program + " is not installed")


# --- make install ----------------------------------------------------------------

def installed(case, tap):
    """Everything is there once, the settings can be used, and uninstall leaves nothing."""
    root = tap.path("root")
    make(case, "install", root)
    there = files(root)
    names = [os.path.basename(path) for path in there]
    wanted = [os.path.basename(path) for path in glob.glob(os.path.join(ROOT, "man", "*.[578]"))]
    for name in wanted + ["spanflow.service", "spanflow@.service", "xdp.conf", "README.md", "_spanflow",
                       "_spanflowctl"]:
        case.equal(names.count(name), 1, f"{name} among {there}")
    for name in ("spanflow", "spanflowctl"):
        case.equal(names.count(name), 2, f"{name} and its completion among {there}")
    settings = [path for path in there if path.endswith("/etc/spanflow/spanflow.conf")]
    done = run(["-f", root + settings[0], "-T"])
    case.true(done.status == 2 and "interface: 'CHANGE-ME" in done.stderr, f"the settings as they are installed: {done.stderr}")
    make(case, "uninstall", root)
    case.equal(files(root), [], "left behind")


def settings_stay(case, tap):
    """Settings that somebody made survive an upgrade and uninstall."""
    root = tap.path("kept")
    make(case, "install", root)
    path = next(root + name for name in files(root) if name.endswith("/etc/spanflow/spanflow.conf"))
    with open(path, "a", encoding="utf-8") as out:
        out.write("max-flows = 7\n")
    make(case, "install", root)
    make(case, "uninstall", root)
    case.equal(len(files(root)), 1, f"files left of {files(root)}")
    with open(path, encoding="utf-8") as kept:
        case.true("max-flows = 7" in kept.read(), "what was written is gone")


# --- services --------------------------------------------------------------------

def unit(tap, name):
    """The unit with the program of this build, so that it can be verified here."""
    with open(os.path.join(ROOT, "build", "share", name), encoding="utf-8") as made:
        text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=" + os.path.abspath(PROGRAM), made.read())
    path = tap.path(name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def units(case, tap):
    """systemd finds nothing wrong with the units."""
    needed("systemd-analyze")
    for name in ("spanflow.service", "spanflow@.service"):
        path = unit(tap, name)
        with open(path, encoding="utf-8") as text:
            case.true(not re.search(r"@[a-z]+@", text.read()), f"{name}: a name was not put in")
        done = called(["systemd-analyze", "verify", "--man=no", path])
        case.equal((done.returncode, done.stdout + done.stderr), (0, ""), f"{name}: verify")


def exposure(case, tap):
    """The service reaches little of the system."""
    needed("systemd-analyze")
    done = called(["systemd-analyze", "security", "--offline=true", "--no-pager",
                   "--threshold=%d" % EXPOSURE_MAX, unit(tap, "spanflow.service")])
    if "unrecognized option" in done.stderr:
        raise Skip("this systemd-analyze cannot judge files")
    case.equal(done.returncode, 0, f"more than {EXPOSURE_MAX / 10}: {done.stdout[-200:]}{done.stderr}")


def account(case, tap):
    """systemd makes an account of it that can do nothing."""
    needed("systemd-sysusers")
    root = tap.path("accounts")
    os.makedirs(os.path.join(root, "etc"))
    done = called(["systemd-sysusers", "--root=" + root,
                   os.path.join(ROOT, "contrib", "systemd", "sysusers.conf")])
    case.equal(done.returncode, 0, f"systemd-sysusers: {done.stderr}")
    with open(os.path.join(root, "etc", "passwd"), encoding="utf-8") as accounts:
        line = re.search(r"(?m)^spanflow:.*$", accounts.read())
    case.true(line and line.group().endswith("nologin"), f"account: {line}")


def openrc(case, tap):
    """The script of OpenRC is one that a shell reads, for any instance."""
    made = called(["make", "-s", "-C", ROOT, "build/share/spanflow.init"])
    case.equal(made.returncode, 0, f"make: {made.stderr}")
    script = os.path.join(ROOT, "build", "share", "spanflow.init")
    for name, settings in (("spanflow", "spanflow.conf"), ("spanflow.uplink", "uplink.conf")):
        done = called(["sh", "-euc", f'RC_SVCNAME={name}; SPANFLOW_ARGS=; . {script}; echo "$command_args"'])
        case.equal(done.returncode, 0, f"{name}: {done.stderr}")
        case.true(done.stdout.rstrip().endswith("/spanflow/" + settings), f"{name}: {done.stdout}")


# --- completions -----------------------------------------------------------------

# What was typed, and all that is offered for its last word, or some of it.
OFFERED = [
    ("--forma", ["--format="]),
    ("-v ", ["1 ", "5 ", "7 ", "9 ", "ipfix ", "10 "]),
    ("--format=ip", ["ipfix "]),
    ("-o ", ["text", "csv", "json"]),
    ("-s ", ["deterministic:", "random:", "hash:", "flow:"]),
    ("-t ", ["idle=", "active=", "end="]),
    ("--key -v", ["-vlan"]),
    ("--decap erspan,gr", ["erspan,gre"]),
    ("--records full,sourceMac", ["full,sourceMacAddress"]),
    ("--group site=f", ["failover"]),
    ("--stats=j", ["json "]),
    ("--stats j", []),
    ("-n 192.0.2.1:2055,form", ["2055,format="]),
    ("-n host,domain=7,format=ipf", ["ipfix "]),
    ("-o csv:x,rec", ["x,records="]),
    ("tcp port ", []),
]


def offered(line, directory=ROOT):
    """What bash offers: it divides words at = and : itself."""
    word = re.split(r"[\s=:]", line)[-1]
    script = (f'. "{BASH}"; COMP_LINE="spanflow $1" COMP_POINT=$((${{#1}} + 9)); '
              '_spanflow spanflow "$2" ""; [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\\n" "${COMPREPLY[@]}"')
    done = called(["bash", "-c", script, "bash", line, word], cwd=directory)
    return done.stdout.splitlines() if not done.stderr else [done.stderr]


def bash_offers(case):
    """bash offers options, their values and the keys of collectors."""
    needed("bash")
    for line, answer in OFFERED:
        case.equal(offered(line), answer, f"offered for {line!r}")


def bash_offers_files(case, tap):
    """bash offers files and interfaces where an option wants one."""
    needed("bash")
    directory = tap.path("files")
    os.mkdir(directory)
    for name in ("one.pcap", "one two.pcap", "other"):
        open(os.path.join(directory, name), "w", encoding="utf-8").close()
    case.equal(sorted(offered("-r on", directory)), ["one two.pcap", "one.pcap"], "files")
    case.equal(offered("-o csv:oth", directory), ["other"], "a file of an output")
    case.true("lo " in offered("-i l"), "the loopback interface")
    case.true("lo " in offered("-i 7:l"), "an interface with a number")


def every_option(case):
    """No option is missing in either shell."""
    usage = run(["-h"]).stdout.decode()
    names = set(re.findall(r"--([a-z-]+)", usage)) - {""}
    case.true(len(names) > 30, f"options in the usage: {sorted(names)}")
    shown = {word.strip(" =").removeprefix("--") for word in offered("--")}
    case.equal(shown, names, "options in bash")
    letters = set(re.findall(r"(?m)^-(\w),", usage))
    case.equal({w.strip(" -") for w in offered("-") if not w.startswith("--")}, letters, "letters in bash")
    with open(ZSH, encoding="utf-8") as text:
        page = text.read()
    case.equal(set(re.findall(r"(?m)^        '[^[]*?--([a-z-]+)[=\[:' -]*(?:\[|:|' )", page)) | names, names,
               "options in zsh that are none")
    for name in names:
        case.true(re.search(r"(?m)^        '(\*|\(-\w --[a-z-]+\))?--%s[=\[:']" % name, page), f"--{name} in zsh")


def every_value(case):
    """The program takes each value that is offered."""
    with open(BASH, encoding="utf-8") as text:
        rows = re.findall(r"(?m)^ +option/([a-z-]+)\S* .*?echo (?:words|list|output) '(.*?) ?' ;;", text.read())
    case.true(len(rows) > 10, f"options with values: {rows}")
    for name, words in rows:
        for word in words.split():
            done = run(["-r", "x", f"--{name}={word}", "-T"])
            case.equal(done.status, 0, f"--{name}={word}: {done.stderr}")


def zsh_reads(case):
    """zsh finds nothing wrong with its file."""
    needed("zsh")
    for path in (ZSH, ZSH + "ctl"):
        done = called(["zsh", "-n", path])
        case.equal((done.returncode, done.stderr), (0, ""), "zsh -n " + path)


ZSHRC = """PROMPT= PROMPT2= ; unsetopt beep prompt_sp; fpath=({} $fpath); autoload -U compinit; compinit -u -D
tell() {{ print -r -- "<$BUFFER>"; BUFFER= }}
zle -N tell; bindkey '^O' tell
print ready
"""
# What was typed before the tabulator, and what stands there then.
ZSH_COMPLETES = [
    ("spanflow --forma", "spanflow --format="),
    ("spanflow --format=ip", "spanflow --format=ipfix "),
    ("spanflow -o csv:x,rec", "spanflow -o csv:x,records="),
    ("spanflow --decap erspan,gr", "spanflow --decap erspan,gre"),
    ("spanflow -n 192.0.2.1:2055,form", "spanflow -n 192.0.2.1:2055,format="),
    ("spanflow tcp po", "spanflow tcp po"),
    ("spanflowctl inter", "spanflowctl interfaces "),
]


def read_until(terminal, wanted):
    said = b""
    while wanted not in said and select.select([terminal], [], [], 10)[0]:
        said += os.read(terminal, 65536)
    return said.decode(errors="replace")


def zsh_completes(case, tap):
    """A zsh at a terminal puts in what is meant."""
    needed("zsh")
    home = tap.path("zsh")
    os.mkdir(home)
    with open(os.path.join(home, ".zshrc"), "w", encoding="utf-8") as out:
        out.write(ZSHRC.format(os.path.dirname(ZSH)))
    ours, its = pty.openpty()
    environment = {**os.environ, "ZDOTDIR": home, "TERM": "dumb"}
    with subprocess.Popen(["zsh", "-d", "-i"], stdin=its, stdout=its, stderr=its, env=environment,
                          start_new_session=True) as shell:
        os.close(its)
        read_until(ours, b"ready")
        for typed, wanted in ZSH_COMPLETES:
            os.write(ours, typed.encode() + b"\t\x0f")
            shown = re.findall("<(.*?)>", read_until(ours, b">"))
            case.equal(shown[-1:], [wanted], f"after {typed!r}")
        shell.kill()
    os.close(ours)


def every_command(case):
    """Both shells offer all commands of spanflowctl, and its usage fits on a screen with a prompt below it."""
    usage = called([CTL, "-h"]).stdout
    case.true(len(usage.splitlines()) <= 23, f"lines of the usage: {len(usage.splitlines())}")
    case.none([line for line in usage.splitlines() if len(line) > 80], "longer than 80 columns")
    commands = set(re.findall(r"(?m)^  ([a-z]+) ", usage))
    case.true(len(commands) > 5, f"commands in the usage: {commands}")
    script = f'. "{BASH}ctl"; _spanflowctl spanflowctl "" spanflowctl; echo "${{COMPREPLY[@]}}"'
    case.equal(set(called(["bash", "-c", script]).stdout.split()), commands, "in bash")
    with open(ZSH + "ctl", encoding="utf-8") as text:
        case.equal(set(re.search(r"1:command:\((.*)\)'", text.read()).group(1).split()), commands, "in zsh")


def main():
    need_program()
    bounded(200)
    tap = Tap()
    try:
        tap.test("make install, make uninstall", installed, tap)
        tap.test("settings stay", settings_stay, tap)
        tap.test("units of systemd", units, tap)
        tap.test("exposure of the service", exposure, tap)
        tap.test("the account", account, tap)
        tap.test("the script of OpenRC", openrc, tap)
        tap.test("bash: options, values, keys", bash_offers)
        tap.test("bash: files and interfaces", bash_offers_files, tap)
        tap.test("completions: every option", every_option)
        tap.test("completions: every value", every_value)
        tap.test("completions: every command", every_command)
        tap.test("zsh: syntax", zsh_reads)
        tap.test("zsh: completes", zsh_completes, tap)
    finally:
        status = tap.status()
    return status


if __name__ == "__main__":
    sys.exit(main())
