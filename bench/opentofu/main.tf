variable "nodes" {
  type = map(object({ address = string, controller = bool, hostKey = string }))
}
variable "privateKeyFile" { type = string }
variable "tables" { type = string }

locals {
  names = file("${var.tables}/names")
  # what each host is to run; OpenTofu copies it there and starts it
  apply = {
    for name, node in var.nodes : name => join("\n", concat(
      ["set -e", "sysctl -qw net.ipv4.ip_forward=1", "ip -batch - <<'EOF'", "${trimspace(file("${var.tables}/routes/${node.address}"))}", "EOF"],
      node.controller ? [
        "sed -i '/^# BEGIN bench/,/^# END bench/d' /etc/hosts",
        "cat >>/etc/hosts <<'EOF'", "# BEGIN bench", trimspace(local.names), "# END bench", "EOF",
      ] : []
    ))
  }
}

# Brings a host to its table. Replaced when the table changes, of which the state holds the hash.
resource "terraform_data" "host" {
  for_each         = var.nodes
  triggers_replace = sha256(local.apply[each.key])
  # removed first at a destroy, so that nothing is applied after it has been undone
  depends_on = [terraform_data.undo]

  connection {
    host        = each.value.address
    user        = "root"
    private_key = file(var.privateKeyFile)
    host_key    = each.value.hostKey
    agent       = false
  }
  provisioner "remote-exec" {
    inline = [local.apply[each.key]]
  }
}

# Undoes it when the host is let go. A resource of its own: as part of the other one it would be run
# whenever the table changes, and for a moment leave the host without any route.
resource "terraform_data" "undo" {
  for_each = var.nodes
  input    = { address = each.value.address, key = var.privateKeyFile, hostKey = each.value.hostKey }

  connection {
    host        = self.output.address
    user        = "root"
    private_key = file(self.output.key)
    host_key    = self.output.hostKey
    agent       = false
  }
  provisioner "remote-exec" {
    when = destroy
    inline = [
      "ip route flush proto 172; sysctl -qw net.ipv4.ip_forward=0; sed -i '/^# BEGIN bench/,/^# END bench/d' /etc/hosts",
    ]
  }
}
