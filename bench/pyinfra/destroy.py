from pathlib import Path

from pyinfra import host
from pyinfra.operations import files, server

tables = Path(host.data.tables)

server.shell(
    name="No routes, no forwarding",
    commands=["sysctl -qw net.ipv4.ip_forward=0 && ip -force -batch -"],
    _stdin=(tables / "unroutes" / host.data.ssh_hostname).read_text().splitlines(),
)

if "controllers" in host.groups:
    files.block(
        name="No workers in /etc/hosts",
        path="/etc/hosts",
        present=False,
        marker="# {mark} bench",
        begin="BEGIN",
        end="END",
    )
