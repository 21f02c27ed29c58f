# Run by pyinfra on every host, with `verb` apply or destroy: one command, and on the controller the block
# of /etc/hosts.
from pathlib import Path

from pyinfra import host
from pyinfra.operations import files, server

applies = host.data.verb == "apply"
tables = Path(host.data.tables)
routes = tables / ("routes" if applies else "unroutes") / host.data.ssh_hostname

server.shell(
    name="Routes and forwarding",
    commands=[
        "sysctl -qw net.ipv4.ip_forward=1 && ip -batch -"
        if applies
        else "sysctl -qw net.ipv4.ip_forward=0 && ip -force -batch -"
    ],
    _stdin=routes.read_text().splitlines(),
)

if "controllers" in host.groups:
    files.block(
        name="Workers in /etc/hosts",
        path="/etc/hosts",
        present=applies,
        content=(tables / "names").read_text().splitlines(),
        marker="# {mark} bench",
        begin="BEGIN",
        end="END",
    )
