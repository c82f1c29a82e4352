# SPDX-License-Identifier: BSD-2-Clause
"""The real Linux kernel: Debian's image package, downloaded and unpacked, never installed."""
import glob
import os
import re
import subprocess

from l4k.layout import BUILD, Missing

META = "linux-image-cloud-amd64"
DIRECTORY = os.path.join(BUILD, "linux")


def _apt(words, **options):
    """Output of one of Debian's package tools."""
    try:
        return subprocess.run(words, check=True, capture_output=True, text=True, timeout=600,
                              **options).stdout
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise Missing(f"the real Linux kernel: '{' '.join(words[:2])}' failed "
                      f"({said[-1] if said else 'no message'}); set LINUX_IMAGE=path to a "
                      "bzImage") from None


def _download():
    """Fetch and unpack the package that the metapackage stands for."""
    match = re.search(r"Depends: (linux-image-\S+)", _apt(["apt-cache", "depends", META]))
    if not match:
        raise Missing(f"the real Linux kernel: apt knows no package {META}; set LINUX_IMAGE=path "
                      "to a bzImage")
    os.makedirs(DIRECTORY, exist_ok=True)
    print(f"downloading {match[1]} (about 27 MB) to build/linux", flush=True)
    _apt(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", match[1]], cwd=DIRECTORY)
    packages = glob.glob(os.path.join(DIRECTORY, match[1] + "_*.deb"))
    if not packages:
        raise Missing(f"the real Linux kernel: apt-get download left no {match[1]} package")
    _apt(["dpkg", "-x", max(packages, key=os.path.getmtime), os.path.join(DIRECTORY, "tree")])


def _unpacked():
    """The kernel images that are there, by version."""
    return sorted(glob.glob(os.path.join(DIRECTORY, "tree", "boot", "vmlinuz-*")))


def version(image):
    """The release a bzImage carries in itself (Linux's Documentation/arch/x86/boot.rst): for
    instance "6.1.192-2"; Debian's package version if its build string names one."""
    with open(image, "rb") as file:
        head = file.read(65536)
    if head[0x202:0x206] != b"HdrS":
        raise Missing(f"{image} is no bzImage")
    offset = int.from_bytes(head[0x20e:0x210], "little") + 0x200
    text = head[offset:head.index(b"\0", offset)].decode(errors="replace")
    debian = re.search(r"Debian (\S+)", text)
    return debian[1] if debian else text.split(" ")[0]


def fetch():
    """Path of the kernel image; LINUX_IMAGE wins, then what was unpacked before."""
    given = os.environ.get("LINUX_IMAGE")
    if given:
        if not os.path.exists(given):
            raise Missing(f"LINUX_IMAGE={given} does not exist")
        return given
    if not _unpacked():
        _download()
    if not _unpacked():
        raise Missing("the real Linux kernel: the package holds no vmlinuz")
    return _unpacked()[-1]
