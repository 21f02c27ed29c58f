"""serve_neutron.py ARGUMENT...: what neutron-server of Debian's neutron-common does."""

from neutron.cmd.eventlet.server import main

main()
