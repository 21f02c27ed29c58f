# Run by pyinfra on every host: one command, and on the controller the block of /etc/hosts.
from pathlib import Path

from pyinfra import host
from pyinfra.operations import files, server

tables = Path(host.data.tables)

server.shell(
    name="Routes and forwarding",
    commands=["sysctl -qw net.ipv4.ip_forward=1 && ip -batch -"],
    _stdin=(tables / "routes" / host.data.ssh_hostname).read_text().splitlines(),
)

if "controllers" in host.groups:
    files.block(
        name="Workers in /etc/hosts",
        path="/etc/hosts",
        content=(tables / "names").read_text().splitlines(),
        marker="# {mark} bench",
        begin="BEGIN",
        end="END",
    )
