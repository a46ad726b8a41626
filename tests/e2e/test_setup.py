# SPDX-License-Identifier: BSD-2-Clause
"""postern setup exim, and the kit that it sets up.

First on copied servers of every layout, which the tests make themselves: what is written where, and
that an undo gives back the same bytes. Then on real Exims, light and heavy: that they take it and
ask, and that what fails is found out and put back. What the kit does then is in test_kit.py.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import POSTERN
from parts.debs import unpacked
from parts.eximpair import FLAVOURS, Net
from parts.policyserver import PolicyServer

DONE, TEST_FAILED, USAGE, TROUBLE = range(4)


class Run:
    """What one run of postern setup exim said."""

    def __init__(self, *args):
        done = subprocess.run(
            [str(POSTERN), "setup", "exim", *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        self.status = done.returncode
        self.out, self.err = done.stdout.decode(), done.stderr.decode()

    @property
    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"status {self.status}\n{self.out}\n{self.err}"

    __repr__ = __str__


# --- copied servers ------------------------------------------------------------------------------

PLAIN = """# an administrator's own
domainlist local_domains = here.test
hostlist relay_from_hosts = 127.0.0.1
acl_smtp_rcpt = acl_check_rcpt
acl_smtp_quit = acl_bye

begin acl

acl_check_rcpt:
  require verify = recipient
  accept
acl_bye:
  accept
"""
HESTIA = """domainlist local_domains = dsearch;/etc/exim4/domains/
hostlist relay_from_hosts = 127.0.0.1
hostlist whitelist = net-iplsearch;/etc/exim4/white-blocks.conf
acl_smtp_connect = acl_check_spammers
acl_smtp_mail = acl_check_mail
acl_smtp_rcpt = acl_check_rcpt

begin acl

acl_check_spammers:
  accept  hosts         = +whitelist
  accept

acl_check_mail:
  accept

acl_check_rcpt:
  accept  hosts         = :
  require verify        = recipient
  accept
"""
DIRECTADMIN = """.include /etc/exim.variables.conf
.include_if_exists /etc/exim.strings.conf.custom
acl_smtp_connect = acl_connect
acl_smtp_rcpt = acl_check_recipient
domainlist local_domains = lsearch;/etc/virtual/domains
hostlist whitelist_hosts = nwildlsearch;/etc/virtual/whitelist_hosts
hostlist whitelist_hosts_ip = /etc/virtual/whitelist_hosts_ip
.include_if_exists /etc/exim.variables.conf.post

begin acl

acl_connect:
  warn set acl_m_is_whitelisted = 0
  .include_if_exists /etc/exim.easy_spam_fighter/connect.conf
  accept hosts = *

acl_check_recipient:

  .include_if_exists /etc/exim.acl_check_recipient.pre.conf

  deny  domains = +local_domains
        local_parts = ^[.] : ^.*[@%!|]
  .include_if_exists /etc/exim.acl_check_recipient.mid.conf
  accept hosts = :
  require verify = recipient
  accept
"""
CPANEL = """domainlist local_domains = lsearch;/etc/localdomains
hostlist loopback = <; 127.0.0.0/8
hostlist relay_hosts = lsearch;/etc/relayhosts
hostlist backupmx_hosts = lsearch;/etc/backupmxhosts
begin acl
"""
ACLS = "usr/local/cpanel/etc/exim/acls"


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def make_plain(root):
    write(root, "etc/exim/exim.conf", PLAIN)


def make_debian(root, split="false"):
    shutil.copytree(unpacked("exim4-config") / "etc/exim4", root / "etc/exim4", symlinks=True)
    write(root, "etc/exim4/update-exim4.conf.conf", f"dc_use_split_config='{split}'\n")


def make_split(root):
    make_debian(root, "true")


def make_cpanel(root):
    write(root, "etc/exim.conf", CPANEL)
    write(root, "etc/exim.conf.localopts", "acl_spamhaus_rbl=1\nsystemfilter=/etc/cpanel\n")
    for block, hook in (
        ("ACL_CONNECT_BLOCK", "custom_begin_connect"),
        ("ACL_RECIPIENT_BLOCK", "custom_begin_recipient"),
        ("ACL_SMTP_QUIT_BLOCK", "custom_begin_smtp_quit"),
        ("ACL_NOTQUIT_BLOCK", "custom_begin_notquit"),
    ):
        write(root, f"{ACLS}/{block}/{hook}", "")
    write(root, f"{ACLS}/ACL_RECIPIENT_BLOCK/custom_begin_recipient", "  # the administrator's\n")


def make_directadmin(root):
    (root / "usr/local/directadmin").mkdir(parents=True)
    write(root, "etc/exim.conf", DIRECTADMIN)
    write(root, "etc/exim.variables.conf", "smtp_accept_max=100\nhostlist relay_hosts=\n")
    write(root, "etc/exim.acl_check_recipient.pre.conf", "deny senders = spammer@spam.test")


def make_hestia(root):
    (root / "usr/local/hestia").mkdir(parents=True)
    write(root, "etc/exim4/exim4.conf.template", HESTIA)
    write(root, "etc/exim4/update-exim4.conf.conf", "dc_use_split_config='false'\n")


LAYOUTS = {
    "plain": make_plain,
    "debian-split": make_split,
    "debian": make_debian,
    "cpanel": make_cpanel,
    "directadmin": make_directadmin,
    "hestia": make_hestia,
}


def plain_line(_, line):
    return line


def call(folder, verb, file):
    return f"  {verb} acl = ${{if!exists{{{folder}/{file}}}{{accept}}{{{folder}/{file}}}}}\n"


def option(folder, name, file, otherwise="accept"):
    return f"{name} = ${{if!exists{{{folder}/{file}}}{{{otherwise}}}{{{folder}/{file}}}}}\n"


# layout: (folder of the kit, {file: lines that it must have got})
WANTED = {
    "plain": (
        "/etc/exim/postern",
        {"etc/exim/exim.conf": [("call", "require", "rcpt"), ("call", "warn", "quit"),
                                ("option", "acl_smtp_connect", "connect"),
                                ("option", "acl_smtp_notquit", "notquit")]},
    ),
    "debian-split": (
        "/etc/exim4/postern",
        {"etc/exim4/conf.d/main/000_postern": [
            ("option", "acl_smtp_connect", "connect"), ("option", "acl_smtp_quit", "quit"),
            ("option", "acl_smtp_notquit", "notquit"),
            ("option", "MAIN_ACL_CHECK_RCPT", "check_rcpt", "acl_check_rcpt")]},
    ),
    "debian": (
        "/etc/exim4/postern",
        {"etc/exim4/exim4.conf.localmacros": [
            ("option", "acl_smtp_connect", "connect"), ("option", "acl_smtp_quit", "quit"),
            ("option", "acl_smtp_notquit", "notquit"),
            ("option", "MAIN_ACL_CHECK_RCPT", "check_rcpt", "acl_check_rcpt")]},
    ),
    "cpanel": (
        "/etc/exim/postern",
        {f"{ACLS}/ACL_CONNECT_BLOCK/custom_begin_connect": [("call", "require", "connect")],
         f"{ACLS}/ACL_RECIPIENT_BLOCK/custom_begin_recipient": [("call", "require", "rcpt")],
         f"{ACLS}/ACL_SMTP_QUIT_BLOCK/custom_begin_smtp_quit": [("call", "warn", "quit")],
         f"{ACLS}/ACL_NOTQUIT_BLOCK/custom_begin_notquit": [("call", "warn", "notquit")],
         "etc/exim.conf.localopts": [("line", "acl_custom_begin_connect=1\n"),
                                     ("line", "acl_custom_begin_recipient=1\n"),
                                     ("line", "acl_custom_begin_notquit=1\n")]},
    ),
    "directadmin": (
        "/etc/exim/postern",
        {"etc/exim.acl_check_recipient.pre.conf": [("call", "require", "rcpt")],
         "etc/exim.variables.conf.custom": [("option", "acl_smtp_quit", "quit"),
                                            ("option", "acl_smtp_notquit", "notquit")]},
    ),
    "hestia": (
        "/etc/exim4/postern",
        {"etc/exim4/exim4.conf.template": [
            ("call", "require", "rcpt"), ("call", "require", "connect"),
            ("option", "acl_smtp_quit", "quit"), ("option", "acl_smtp_notquit", "notquit")]},
    ),
}
EXEMPT = {
    "plain": "+relay_from_hosts",
    "debian-split": "+relay_from_hosts",
    "debian": "+relay_from_hosts",
    "cpanel": "+relay_hosts : +loopback : +backupmx_hosts",
    "directadmin": "+relay_hosts : +whitelist_hosts : +whitelist_hosts_ip",
    "hestia": "+relay_from_hosts : +whitelist",
}


def tree(root):
    """Every file below root: its bytes, mode and owner. Folders and links too."""
    found = {}
    for path in sorted(root.rglob("*")):
        st = path.lstat()
        what = path.read_bytes() if path.is_file() and not path.is_symlink() else (
            os.readlink(path) if path.is_symlink() else None)
        found[str(path.relative_to(root))] = (what, st.st_mode, st.st_uid, st.st_gid)
    return found


@pytest.fixture(params=list(LAYOUTS))
def copy(request, tmp_path):
    """A copied server: (layout, its root)."""
    root = tmp_path / "root"
    root.mkdir()
    LAYOUTS[request.param](root)
    return request.param, root


def test_layout_is_found_and_nothing_is_written(copy):
    layout, root = copy
    before = tree(root)
    run = Run("--root", root)
    assert run.status == DONE, run
    assert run.out.startswith(f"Layout   {layout}: "), run
    assert "Nothing was changed." in run.out
    assert tree(root) == before


def test_apply_writes_what_is_needed(copy):
    layout, root = copy
    folder, wanted = WANTED[layout]
    before = tree(root)
    run = Run("--root", root, "--apply", "--socket", "/run/x/door", "--timeout", "7")
    assert run.status == DONE, run
    assert "copy below --root" in run.out
    after = tree(root)
    for file, lines in wanted.items():
        text = (root / file).read_text()
        for kind, *words in lines:
            line = {"call": call, "option": option, "line": plain_line}[kind](folder, *words)
            assert text.count(line) == 1, f"{file} lacks {line}:\n{text}"
    kit = {name for name in after if name.startswith(folder[1:] + "/")}
    assert {pathlib.Path(name).name for name in kit} >= {
        "ask", "exempt", "verify", "connect", "helo", "mail", "rcpt", "quit", "notquit"}
    # and nothing else
    state = {name for name in after if name.startswith("var")}
    changed = {name for name in after if after[name] != before.get(name)}
    folders = {str(parent) for parent in pathlib.PurePath(folder[1:] + "/x").parents}
    assert changed <= kit | state | set(wanted) | folders
    ask = (root / folder[1:] / "ask").read_text()
    assert "${readsocket{/run/x/door}{" in ask and "}{7s}{" in ask
    assert "/run/postern/door" not in ask
    exempt = (root / folder[1:] / "exempt").read_text()
    assert f"accept hosts = : {EXEMPT[layout]}\n" in exempt
    if folder != "/etc/exim/postern":
        assert not any("/etc/exim/postern" in (root / name).read_text() for name in kit)


def test_second_apply_changes_nothing(copy):
    _, root = copy
    assert Run("--root", root, "--apply").status == DONE
    before = tree(root)
    run = Run("--root", root, "--apply")
    assert run.status == DONE and "Nothing was changed" in run.out, run
    shown = Run("--root", root)
    assert shown.status == DONE and "Nothing to do" in shown.out, shown
    assert tree(root) == before


def test_undo_gives_back_the_same_bytes(copy):
    """Also after other settings were applied over it, and with odd owners and modes."""
    _, root = copy
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.chown(path, 0, 12)
            path.chmod(0o640)
    before = tree(root)
    assert Run("--root", root, "--apply").status == DONE
    assert Run("--root", root, "--apply", "--socket", "/run/other", "--timeout", "3s").status == DONE
    changed = [name for name, was in before.items() if tree(root)[name] != was]
    assert all(tree(root)[name][1:] == before[name][1:] for name in changed)
    run = Run("--root", root, "--undo")
    assert run.status == DONE, run
    assert tree(root) == before
    again = Run("--root", root, "--undo")
    assert again.status == DONE and "Nothing to undo" in again.out


def test_diff_is_one_that_patch_takes(copy, tmp_path):
    _, root = copy
    shown = Run("--root", root).out
    patch = shown[shown.index("\n\n") + 2 : shown.rindex("\nNothing was changed")]
    assert Run("--root", root, "--apply").status == DONE
    want = {k: v[0] for k, v in tree(root).items() if not k.startswith("var") and v[0] is not None}
    assert Run("--root", root, "--undo").status == DONE
    assert apply_patch(root, patch) == want


def apply_patch(root, patch):
    """What a unified diff makes of the files below root; a small patch(1) that forgives nothing."""
    files = {k: v[0] for k, v in tree(root).items() if v[0] is not None}
    for part in re.split(r"(?m)^--- ", patch)[1:]:
        lines = part.split("\n")
        old, new = lines[0], lines[1].removeprefix("+++ ").lstrip("/")
        source = [] if old == "/dev/null" else files[new].decode().splitlines(keepends=True)
        made, at = [], 0
        hunks = "\n".join(lines[2:])
        for hunk in re.split(r"(?m)^@@ ", hunks)[1:]:
            head, *body = hunk.rstrip("\n").split("\n")
            start, _, count = re.match(r"-(\d+)(,(\d+))?", head).groups()
            first = int(start) - (0 if count == "0" else 1)
            made += source[at:first]
            at = first
            for i, line in enumerate(body):
                bare = body[i + 1 : i + 2] == ["\\ No newline at end of file"]
                text = line[1:] + ("" if bare else "\n")
                if line[:1] in (" ", "-"):
                    assert source[at] == text, (new, head, line)
                    at += 1
                if line[:1] in (" ", "+"):
                    made.append(text)
        files[new] = "".join(made + source[at:]).encode()
    return files


def test_an_edit_since_is_kept(copy):
    layout, root = copy
    folder, wanted = WANTED[layout]
    before = tree(root)
    assert Run("--root", root, "--apply").status == DONE
    for file in wanted:
        path = root / file
        path.write_text("# edited before\n" + path.read_text() + "# edited behind\n")
    write(root, folder[1:] + "/ask", "# my own\n")
    run = Run("--root", root, "--undo")
    assert run.status == DONE, run
    for file in wanted:
        text = (root / file).read_text()
        was = (before[file][0] if file in before else b"").decode()
        assert "postern" not in text, text
        assert text.replace("\n", "") == f"# edited before{was}# edited behind".replace("\n", "")
        assert f"cleaned  /{file}  (it was edited since: only our lines" in run.out
    assert not (root / folder[1:]).exists()
    kept = [path.read_text() for path in (root / "var/lib/postern-setup").iterdir()]
    assert kept == ["# my own\n"] and "kept in /var/lib/postern-setup" in run.out


def test_an_update_that_brings_new_files(copy):
    """A package or a panel puts its own file in place of one that has our lines, or removes it. It is said,
    --apply puts the lines into the new one, and --undo leaves that, not the old one."""
    layout, root = copy
    files = list(WANTED[layout][1])
    before = tree(root)
    assert Run("--root", root, "--apply").status == DONE

    def update(number):
        for name in files:
            was = before[name][0] if name in before else b""
            (root / name).write_bytes(was + b"# version %d\n" % number)
        return now()

    def now():
        return {name: (root / name).read_bytes() for name in files}

    fresh = update(2)
    shown = Run("--root", root)
    for name in files:
        assert f"/{name} had lost the lines that ask posternd" in shown.out, shown
        assert f"+++ /{name}\n" in shown.out, shown
    assert now() == fresh

    assert Run("--root", root, "--apply").status == DONE
    for name in files:
        assert "postern" in (root / name).read_text() and "# version 2" in (root / name).read_text()
    again = Run("--root", root)
    assert "had lost" not in again.out and "Nothing to do" in again.out, again
    assert Run("--root", root, "--undo").status == DONE
    assert now() == fresh

    # undone where nobody ran --apply in between
    assert Run("--root", root, "--apply").status == DONE
    fresh = update(3)
    run = Run("--root", root, "--undo")
    assert run.status == DONE, run
    assert {name: (root / name).read_bytes() for name in files if name in before} == {
        name: text for name, text in fresh.items() if name in before}

    # and where they are gone
    for name, was in before.items():
        if was[0] is not None and not isinstance(was[0], str):
            (root / name).write_bytes(was[0])
    for name in set(files) - set(before):
        (root / name).unlink(missing_ok=True)
    assert Run("--root", root, "--apply").status == DONE
    made = [name for name in files if name not in before]
    for name in made:
        (root / name).unlink()
        assert f"/{name} had lost the lines" in Run("--root", root).out
    assert Run("--root", root, "--apply").status == DONE
    assert all((root / name).exists() for name in made)
    assert Run("--root", root, "--undo").status == DONE


@pytest.mark.parametrize("make", [make_debian, make_split], ids=["debian", "debian-split"])
def test_an_update_of_debians_package(make, tmp_path):
    """Our lines are in files of our own: a new version of all that the package has touches none."""
    root = tmp_path / "server"
    make(root)
    package = [name for name, was in tree(root).items() if isinstance(was[0], bytes)]
    assert Run("--root", root, "--apply").status == DONE
    for name in package:
        with open(root / name, "ab") as file:
            file.write(b"# of a new version\n")
    fresh = {name: (root / name).read_bytes() for name in package}
    shown = Run("--root", root)
    assert shown.status == DONE and "Nothing to do" in shown.out, shown
    run = Run("--root", root, "--undo")
    assert run.status == DONE, run
    assert {name: (root / name).read_bytes() for name in package} == fresh


def test_json(copy):
    layout, root = copy
    shown = Run("--root", root, "--json").json
    assert shown["layout"] == layout and shown["act"] == "show" and not shown["changed"]
    assert {one["what"] for one in shown["files"]} <= {"create", "change"}
    assert all(one["diff"].startswith("--- ") for one in shown["files"])
    done = Run("--root", root, "--apply", "--json").json
    assert done["changed"] and done["test"] is None and done["next"]
    assert [one["path"] for one in done["files"]] == [one["path"] for one in shown["files"]]
    undone = Run("--root", root, "--undo", "--json").json
    assert undone["act"] == "undo" and undone["changed"]


# --- what cannot be done is said -----------------------------------------------------------------


@pytest.fixture
def root(tmp_path):
    made = tmp_path / "root"
    made.mkdir()
    return made


def test_usage():
    for args, words in (
        ([], "postern setup exim"),
        (["exim", "--apply", "--undo"], "not both"),
        (["exim", "--undo", "--socket", "/x"], "--undo"),
        (["exim", "--layout", "sendmail"], "--layout takes"),
        (["exim", "--socket", "relative"], "no socket"),
        (["exim", "--socket", "/a}{b"], "no socket"),
        (["exim", "--socket", "inet:host:99999"], "no socket"),
        (["exim", "--timeout", "soon"], "no time limit"),
        (["exim", "--timeout", "0"], "no time limit"),
        (["exim", "--layout", "debian", "--config", "/x"], "--config goes with"),
        (["exim", "--root", "/no/such/folder"], "--root"),
        (["postfix"], "postern setup exim"),
    ):
        done = subprocess.run([POSTERN, "setup", *args], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=60)
        assert done.returncode == USAGE and words in done.stderr, (args, done)


@pytest.mark.parametrize(
    "conf, words",
    [
        ("begin acl\n", "acl_smtp_rcpt is not set"),
        ("acl_smtp_rcpt = ${if def:x{a}{b}}\nbegin acl\na:\n accept\n", "is no plain name"),
        ("acl_smtp_rcpt = elsewhere\nbegin acl\n", "the ACL elsewhere is not in"),
        (".ifdef X\nacl_smtp_rcpt = a\n.else\nacl_smtp_rcpt = b\n.endif\nbegin acl\na:\n accept\n",
         "more than one place"),
    ],
)
def test_a_configuration_that_has_no_place(root, conf, words):
    write(root, "etc/exim/exim.conf", conf)
    before = tree(root)
    run = Run("--root", root, "--apply")
    assert run.status == USAGE and words in run.err, run
    assert tree(root) == before


def test_macros_and_continued_lines(root):
    """The ACL may be named by a macro; a continued line is no setting; a comment is none either."""
    write(root, "etc/exim/exim.conf",
          "ACL = the_acl\n#acl_smtp_rcpt = wrong\nhide foo = a\\\nacl_smtp_rcpt = wrong2\n"
          "acl_smtp_rcpt=ACL\nbegin acl\nwrong2:\n  accept\nthe_acl:   # here\n  accept\n")
    assert Run("--root", root, "--apply").status == DONE
    text = (root / "etc/exim/exim.conf").read_text()
    assert "the_acl:   # here\n# postern begin rcpt\n" in text, text


def test_notes_when_only_some_stages_fit(root):
    write(root, "etc/exim/exim.conf", PLAIN.replace("= acl_bye", "= ${if bool{1}{acl_bye}}"))
    run = Run("--root", root)
    assert run.status == DONE and "Note     acl_smtp_quit: its value is no plain name" in run.out, run
    assert "warn acl = ${if!exists{/etc/exim/postern/quit}" in run.out


def test_debian_with_an_acl_of_ones_own(root):
    make_debian(root)
    write(root, "etc/exim4/exim4.conf.localmacros", "MAIN_ACL_CHECK_RCPT = my_acl\n")
    run = Run("--root", root, "--apply")
    assert run.status == USAGE and "MAIN_ACL_CHECK_RCPT is not acl_check_rcpt" in run.err, run


def test_debian_with_a_configuration_of_ones_own(root):
    """Exim reads exim4.conf rather than what the package builds."""
    make_debian(root)
    write(root, "etc/exim4/exim4.conf", PLAIN)
    run = Run("--root", root)
    assert run.out.startswith("Layout   plain:") and "+++ /etc/exim4/exim4.conf" in run.out, run


def test_links_do_not_lead_out_of_a_copy(root, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = write(outside, "exim.conf", PLAIN)
    make_plain(root)
    conf = root / "etc/exim/exim.conf"
    conf.unlink()
    conf.symlink_to(secret)
    run = Run("--root", root, "--apply", "--config", "/etc/exim/exim.conf")
    assert run.status in (USAGE, TROUBLE), run
    assert secret.read_text() == PLAIN
    # the same for a folder on the way, by another user's link
    make_plain(tmp_path / "root2")
    (root / "etc").rename(root / "etc2")
    os.symlink("../../outside", root / "etc")
    assert Run("--root", root, "--apply", "--config", "/etc/exim.conf").status in (USAGE, TROUBLE)
    assert sorted(path.name for path in outside.iterdir()) == ["exim.conf"]
    assert secret.read_text() == PLAIN


def test_a_link_inside_is_followed_and_stays(root):
    """Exim's configuration is sometimes a link; the file is changed, the link stays one."""
    make_plain(root)
    (root / "etc/exim/exim.conf").rename(root / "etc/exim/real.conf")
    (root / "etc/exim/exim.conf").symlink_to("/etc/exim/real.conf")
    assert Run("--root", root, "--apply").status == DONE
    assert (root / "etc/exim/exim.conf").is_symlink()
    assert "# postern begin rcpt" in (root / "etc/exim/real.conf").read_text()
    assert Run("--root", root, "--undo").status == DONE
    assert (root / "etc/exim/real.conf").read_text() == PLAIN


def test_state_that_others_could_write_is_refused(root):
    make_plain(root)
    assert Run("--root", root, "--apply").status == DONE
    (root / "var/lib/postern-setup").chmod(0o777)
    run = Run("--root", root, "--undo")
    assert run.status == TROUBLE and "others could write there" in run.err, run
    (root / "var/lib/postern-setup").chmod(0o700)
    os.chown(root / "var/lib/postern-setup", 12345, 12345)
    assert Run("--root", root, "--undo").status == TROUBLE


def test_a_list_that_is_damaged_is_refused(root):
    make_plain(root)
    assert Run("--root", root, "--apply").status == DONE
    write(root, "var/lib/postern-setup/list", "file created ../../etc/passwd\n")
    run = Run("--root", root, "--undo")
    assert run.status == TROUBLE and "no list of ours" in run.err, run


# --- real Exims ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def net():
    with Net() as made:
        yield made


@pytest.fixture
def server(net):
    with PolicyServer(net.door) as made:
        yield made


@pytest.mark.parametrize("layout", ["plain", "debian", "debian-split"])
@pytest.mark.parametrize("flavour", list(FLAVOURS))
def test_real_exim_takes_it_and_asks(flavour, layout):
    with Net() as net:
        exim = net.exim(flavour, layout)
        before = tree(exim.etc)
        done = exim.setup("--apply", program=POSTERN)
        assert "Test     passed: Exim accepts" in done.stdout
        assert not net.door.exists(), "the self-test's own socket is still there"
        with PolicyServer(net.door) as server:
            again = exim.setup("--apply", program=POSTERN)
            assert "Nothing was changed" in again.stdout
            assert "it asked posternd and got an answer" in again.stdout, again.stdout
            assert set(server.states()) >= {"CONNECT", "RCPT"}
            server.requests.clear()
            exim.start()
            with net.smtp(exim) as client:
                client.hello()
                assert client.rcpt("alice@here.test", "nosuch@here.test", "x@far.test") == [
                    "250 Accepted", "550 Unrouteable address", "550 relay not permitted"]
                client.say("QUIT")
            server.wait("QUIT")
            assert server.states() == ["CONNECT", "RCPT", "RCPT", "RCPT", "QUIT"]
            assert [one.get("rcpt_verified") for one in server.of("RCPT")] == ["yes", "no", None]
            assert server.of("QUIT")[0]["rcpt_count"] == "3"
            assert server.of("QUIT")[0]["rcpt_fail_count"] == "1"
            assert len({one["instance"] for one in server.requests}) == 1
        undone = exim.setup("--undo", program=POSTERN)
        assert undone.returncode == DONE
        assert tree(exim.etc) == before
        # the running Exim still has the old configuration, without the files behind it
        with net.smtp(exim) as client:
            assert client.hello().rcpt("alice@here.test") == "250 Accepted"


@pytest.mark.parametrize("layout", ["debian", "debian-split"])
def test_update_exim4_conf_keeps_the_lines(layout):
    """The package's own program builds the configuration anew, as each of its updates does."""
    with Net() as net, PolicyServer(net.door) as server:
        exim = net.exim("light", layout)
        exim.setup("--apply", program=POSTERN)
        settings = exim.etc / "exim4/update-exim4.conf.conf"
        settings.write_text(settings.read_text() + "dc_minimaldns='true'\n")
        (exim.var / "lib/exim4/config.autogenerated").unlink()
        exim.run(["/usr/sbin/update-exim4.conf"])
        built = (exim.var / "lib/exim4/config.autogenerated").read_text()
        for name in ("connect", "check_rcpt", "quit", "notquit"):
            assert f"/etc/exim4/postern/{name}" in built, name
        server.requests.clear()
        exim.start()
        with net.smtp(exim) as client:
            assert client.hello().rcpt("alice@here.test") == "250 Accepted"
            client.say("QUIT")
        server.wait("QUIT")
        assert server.states() == ["CONNECT", "RCPT", "QUIT"]


# --- the self-test -------------------------------------------------------------------------------


@pytest.fixture
def fresh(net):
    """A plain Exim that nothing was done to; it is not started."""
    exim = net.exim("light", "plain", address="192.0.2.99")
    yield exim
    net.exims.remove(exim)
    exim.close()
    shutil.rmtree(exim.stage)


def test_a_configuration_that_exim_refuses_is_put_back(fresh):
    conf = fresh.etc / "exim4/exim4.conf"
    conf.write_text("no_such_option = 1\n" + conf.read_text())
    before = tree(fresh.etc)
    done = fresh.setup("--apply", program=POSTERN, check=False)
    assert done.returncode == TEST_FAILED, done.stdout
    assert "does not accept the configuration" in done.stdout and "no_such_option" in done.stdout
    assert "All changes were taken back" in done.stdout
    assert tree(fresh.etc) == before and not (fresh.var / "lib/postern-setup").exists()


def test_an_acl_that_is_never_reached_is_found_out(fresh):
    """An ACL that some condition switches off looks well and asks nobody."""
    conf = fresh.etc / "exim4/exim4.conf"
    conf.write_text(conf.read_text().replace(
        "acl_smtp_rcpt = acl_check_rcpt", "acl_smtp_rcpt = acl_check_rcpt\nacl_smtp_mail = no_mail"
    ).replace("acl_check_rcpt:", "no_mail:\n  deny\n\nacl_check_rcpt:"))
    before = tree(fresh.etc)
    done = fresh.setup("--apply", program=POSTERN, check=False)
    assert done.returncode == TEST_FAILED and "did not ask" in done.stdout, done.stdout
    assert tree(fresh.etc) == before
    # the administrator knows better
    assert fresh.setup("--apply", "--no-selftest", program=POSTERN).returncode == DONE


def test_a_socket_that_exim_may_not_open_is_found_out(fresh, server, net):
    net.door.chmod(0o600)
    done = fresh.setup("--apply", program=POSTERN, check=False)
    assert done.returncode == TEST_FAILED and "got no answer at RCPT" in done.stdout, done.stdout
    assert "postern did not answer" in done.stdout
    net.door.chmod(0o666)
    assert fresh.setup("--apply", program=POSTERN).returncode == DONE


def test_other_settings_that_fail_go_back_to_the_old_ones(fresh, server, net):
    assert fresh.setup("--apply", program=POSTERN).returncode == DONE
    before, state = tree(fresh.etc), tree(fresh.var / "lib/postern-setup")
    net.door.chmod(0o600)
    done = fresh.setup("--apply", "--timeout", "9s", program=POSTERN, check=False)
    assert done.returncode == TEST_FAILED, done.stdout
    assert tree(fresh.etc) == before and tree(fresh.var / "lib/postern-setup") == state
    net.door.chmod(0o666)
    assert fresh.setup("--apply", "--timeout", "9s", program=POSTERN).returncode == DONE
    assert fresh.setup("--undo", program=POSTERN).returncode == DONE


def test_the_kit_works_with_strict_variables(fresh, net, server):
    """strict_acl_vars makes any variable that was never set an error."""
    conf = fresh.etc / "exim4/exim4.conf"
    conf.write_text("strict_acl_vars = true\n" + conf.read_text())
    fresh.setup("--apply", program=POSTERN)
    fresh.start()
    server.requests.clear()
    with net.smtp(fresh) as client:
        client.hello()
        assert client.rcpt("alice@here.test", "nosuch@here.test") == [
            "250 Accepted", "550 Unrouteable address"]
        client.say("QUIT")
    assert [one["protocol_state"] for one in server.requests][:3] == ["CONNECT", "RCPT", "RCPT"]
    server.wait("QUIT")
