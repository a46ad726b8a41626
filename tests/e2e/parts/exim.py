# SPDX-License-Identifier: BSD-2-Clause
"""The two Exims of a world: the server that is being examined, and the one that plays every other
mail host.

The server's configuration follows the article: a shared server with accounts, virtual mailboxes,
aliases, the authenticator fixed_plain and the router lookuphost. It is no model of a safe
configuration: the stories need a server that relays for scripts, bounces to forged senders and
answers strangers.
"""

SERVER = """
primary_hostname = barfoo.com
log_selector = %(selector)s
%(tls)s
local_interfaces = 192.0.2.10.25 : 192.0.2.10.587 : 127.0.0.1.25
host_lookup =
rfc1413_query_timeout = 0s
untrusted_set_sender = *
local_from_check = false
local_from_prefix =
never_users =
trusted_users = mail
domainlist local_domains = barfoo.com : shop.example.net
hostlist relay_from_hosts = 127.0.0.1 : 203.0.113.5
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
acl_not_smtp = acl_local
smtp_accept_max_per_connection = 1000
keep_environment =
add_environment = <; PATH=/bin:/usr/bin

begin acl

acl_rcpt:
  accept hosts = : +relay_from_hosts
  accept authenticated = *
  require message = relay not permitted
          domains = +local_domains
  require verify = recipient
  accept

acl_data:
  deny message = spam is not wanted here
       condition = ${if match{$h_subject:}{refuse after data}}
  accept

acl_local:
  deny message = this account may not send mail
       condition = ${if match{$h_subject:}{refuse local}}
  accept

begin routers

lookuphost:
  driver = manualroute
  domains = ! +local_domains
  transport = remote_smtp
  route_data = ${lookup{$domain}lsearch{/etc/exim4/routes}}
  no_more

closed:
  driver = redirect
  local_parts = closed
  allow_fail
  data = :fail: this mailbox is closed
  no_verify

closed_verify:
  driver = accept
  local_parts = closed
  verify_only

vacation:
  driver = accept
  local_parts = ${lookup{$local_part}lsearch{/etc/exim4/vacation}{$local_part}}
  senders = ! :
  unseen
  no_verify
  transport = vacation_reply

mlmmj_router:
  driver = accept
  local_parts = news
  transport = mlmmj_transport

virtual_aliases:
  driver = redirect
  allow_fail
  allow_defer
  data = ${lookup{$local_part@$domain}lsearch{/etc/exim4/aliases}}

virtual_user:
  driver = accept
  address_data = ${extract{dir}{${lookup{$local_part@$domain}lsearch{/etc/exim4/mailboxes}}}{$value}fail}
  transport = virtual_delivery

localuser:
  driver = accept
  caseful_local_part
  check_local_user
  transport = local_delivery

begin transports

remote_smtp:
  driver = smtp
  interface = 192.0.2.10
  allow_localhost

vacation_reply:
  driver = autoreply
  user = Debian-exim
  to = ${sender_address}
  from = ${local_part}@${domain}
  subject = Away: $h_subject:
  text = I am away until Monday.

mlmmj_transport:
  driver = pipe
  command = /etc/exim4/list-copy
  user = list
  home_directory = /
  current_directory = /

virtual_delivery:
  driver = appendfile
  user = ClientX
  maildir_format
  directory = $address_data
  create_directory
  return_path_add
  envelope_to_add
  delivery_date_add

local_delivery:
  driver = appendfile
  user = $local_part_data
  group = mail
  home_directory = /
  directory = /var/mail/$local_part_data
  maildir_format
  create_directory
  return_path_add

begin retry

* * F,2h,1m

begin authenticators

fixed_plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{${extract{pass}{${lookup{$auth2}lsearch{/etc/exim4/mailboxes}}}{$value}{*}}}}
  server_set_id = $auth2

fixed_login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if eq{$auth2}{${extract{pass}{${lookup{$auth1}lsearch{/etc/exim4/mailboxes}}}{$value}{*}}}}
  server_set_id = $auth1
"""

ROUTES = (
    "foobar.com: foobar.com byname\nfreemail.example: mx.freemail.example byname\n"
    "list.example: mx.freemail.example byname\n"
)
MAILBOXES = "".join(
    f"{name}@barfoo.com: pass=secret dir=/home/ClientX/mail/barfoo.com/{name}\n"
    for name in ("bob", "alice", "carol", "news-owner")
)
ALIASES = (
    "sales@barfoo.com: sales.barfoo@freemail.example\n" "boss@barfoo.com: gone@freemail.example\n"
)
# What a list manager does: takes the message and sends it to the members in the name of the list.
LIST_COPY = """#!/bin/sh
exec /usr/sbin/sendmail -i -f news-owner@barfoo.com fred@foobar.com ann@freemail.example
"""

REMOTE = """
primary_hostname = mx.remote.example
smtp_active_hostname = ${if eq{$interface_address}{198.51.100.25}{foobar.com}{mx.freemail.example}}
%(tls)s
local_interfaces = 198.51.100.25 : 198.51.100.26
notifier_socket =
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = acl_rcpt
smtp_accept_max_per_connection = 1000
keep_environment =
received_header_text = Received: ${if def:sender_rcvhost {from $sender_rcvhost\\n\\t}}\\
  by $smtp_active_hostname ${if def:received_protocol {with $received_protocol }}(Exim 4.52)\\n\\t\\
  id $message_exim_id${if def:received_for {\\n\\tfor $received_for}}

begin acl

acl_rcpt:
  deny message = No such user here
       local_parts = ^gone
  defer message = Try again later
        local_parts = ^later
  accept

begin routers

everyone:
  driver = accept
  transport = store

begin transports

store:
  driver = appendfile
  user = Debian-exim
  maildir_format
  directory = /mnt/remote/mail
  create_directory
  return_path_add
  envelope_to_add
  delivery_date_add
"""


def write_server(world):
    """Writes the examined server's /etc/exim4, with the log_selector of the world's variant and its
    options."""
    from .world import EVERYTHING, NOTHING, SELECTORS

    options = "".join(f"{name} = {value}\n" for name, value in world.options.items())
    # An empty tls_advertise_hosts switches TLS off; without it Exim makes itself a certificate.
    tls = "" if world.tls else "tls_advertise_hosts ="
    selector = {**SELECTORS, EVERYTHING: "+all", NOTHING: "-all"}[world.variant]
    world.write(
        "etc/exim4/exim4.conf",
        options + SERVER % {"selector": selector, "tls": tls},
    )
    for name, text in (
        ("routes", ROUTES),
        ("mailboxes", MAILBOXES),
        ("aliases", ALIASES),
        ("vacation", "alice\n"),
    ):
        world.write(f"etc/exim4/{name}", text)
    world.write("etc/exim4/list-copy", LIST_COPY, mode=0o755)


def write_remote(world):
    tls = "" if world.tls else "tls_advertise_hosts ="
    world.write("../remote/etc/exim4.conf", REMOTE % {"tls": tls})
