# SPDX-License-Identifier: BSD-2-Clause
"""Apache and PHP of a world, with one site for each way in which a shared server runs PHP.

    forum.example.com    /home/ClientX/public_html
        as nobody, the user of the web server, by mod_php
    blog.example.net     /home/ClientY/public_html
        as ClientY, in a pool of php-fpm
    shop.example.net     /home/ClientX/shop
        as ClientX, by php-cgi under suexec
    da.example.com       /home/ClientX/domains/da.example.com/public_html
        as nobody; the folders of DirectAdmin
    hestia.example.com   /home/ClientY/web/hestia.example.com/public_html
        as nobody; the folders of Hestia
"""

APACHE = ["/usr/sbin/apache2", "-f", "/etc/apache2/apache2.conf", "-k", "start"]
APACHE_ENV = {"APACHE_LOG_DIR": "/var/log/apache2", "APACHE_RUN_DIR": "/run/apache2"}
FPM = [
    "/run/parts/usr/sbin/php-fpm8.2",
    "--daemonize",
    "-n",
    "--fpm-config",
    "/etc/php/8.2/fpm/php-fpm.conf",
]

MODULES = (
    "mpm_prefork",
    "authz_core",
    "dir",
    "mime",
    "alias",
    "actions",
    "cgi",
    "suexec",
    "proxy",
    "proxy_fcgi",
    "env",
    "setenvif",
)

# PHP writes its log of mail() as the user that it runs as
MAIL_LOG = "/var/log/php-mail.log"
POOL_MAIL_LOG = "/home/ClientY/.php/php-mail.log"

APACHE_CONF = """
ServerRoot /etc/apache2
ServerName barfoo.com
PidFile ${APACHE_RUN_DIR}/apache2.pid
Mutex file:${APACHE_RUN_DIR} default
Listen 192.0.2.10:80
User nobody
Group nogroup
Timeout 30
StartServers 4
%(modules)s
LoadModule php_module /run/parts/usr/lib/apache2/modules/libphp8.2.so
TypesConfig /etc/mime.types
DirectoryIndex index.php index.html
ErrorLog ${APACHE_LOG_DIR}/error.log
LogFormat "%%h %%l %%u %%t \\"%%r\\" %%>s %%O \\"%%{Referer}i\\" \\"%%{User-Agent}i\\"" combined
LogFormat "%%v:%%p %%h %%l %%u %%t \\"%%r\\" %%>s %%O \\"%%{Referer}i\\" \\"%%{User-Agent}i\\"" vhost_combined
<Directory /home>
    Require all granted
    Options +ExecCGI
</Directory>
IncludeOptional sites-enabled/*.conf
"""

SITE = """<VirtualHost *:80>
    ServerName %(name)s
    ServerAlias www.%(name)s
    DocumentRoot %(folder)s
    CustomLog %(log)s combined
%(more)s</VirtualHost>
"""

MOD_PHP = f"""    <FilesMatch \\.php$>
        SetHandler application/x-httpd-php
    </FilesMatch>
    php_admin_value sendmail_path "/usr/sbin/sendmail -t -i"
    php_admin_value mail.log {MAIL_LOG}
    php_admin_flag mail.add_x_header on
    php_admin_value date.timezone UTC
"""
PHP_FPM = """    <FilesMatch \\.php$>
        SetHandler "proxy:unix:/run/php/ClientY.sock|fcgi://localhost"
    </FilesMatch>
"""
SUEXEC = """    SuexecUserGroup ClientX ClientX
    ScriptAlias /cgi-bin/ /home/ClientX/shop/cgi-bin/
    Action php-suexec /cgi-bin/php.cgi
    AddHandler php-suexec .php
"""

# name, folder, account, how PHP runs, access log as the site's configuration writes it
SITES = (
    (
        "forum.example.com",
        "/home/ClientX/public_html",
        "ClientX",
        MOD_PHP,
        "${APACHE_LOG_DIR}/forum.example.com-access.log",
    ),
    (
        "blog.example.net",
        "/home/ClientY/public_html",
        "ClientY",
        PHP_FPM,
        "/var/log/apache2/blog.example.net-access.log",
    ),
    (
        "shop.example.net",
        "/home/ClientX/shop",
        "ClientX",
        SUEXEC,
        "/var/log/apache2/shop.example.net-access.log",
    ),
    (
        "da.example.com",
        "/home/ClientX/domains/da.example.com/public_html",
        "ClientX",
        MOD_PHP,
        "/var/log/apache2/da.example.com-access.log",
    ),
    (
        "hestia.example.com",
        "/home/ClientY/web/hestia.example.com/public_html",
        "ClientY",
        MOD_PHP,
        "/var/log/apache2/hestia.example.com-access.log",
    ),
)

FPM_CONF = """[global]
error_log = /var/log/php-fpm.log
pid = /run/php/fpm.pid
include = /etc/php/8.2/fpm/pool.d/*.conf
"""

POOL = f"""[ClientY]
user = ClientY
group = ClientY
listen = /run/php/ClientY.sock
listen.mode = 0666
pm = static
pm.max_children = 2
clear_env = yes
php_admin_value[sendmail_path] = /usr/sbin/sendmail -t -i
php_admin_value[mail.log] = {POOL_MAIL_LOG}
php_admin_flag[mail.add_x_header] = on
php_admin_value[date.timezone] = UTC
"""

CGI = """#!/bin/sh
exec /run/parts/usr/bin/php-cgi8.2 -n -d cgi.force_redirect=0 -d mail.add_x_header=1 \\
    -d 'sendmail_path=/usr/sbin/sendmail -t -i' -d date.timezone=UTC
"""

# What an attacker puts on a site, or finds there: it mails whatever it is told to. It answers with
# the ids of nobody, so a story has to find its message in the log as an administrator would.
MAILER = r"""<?php
header('Content-Type: text/plain');
$headers = isset($_POST['headers']) ? $_POST['headers'] : 'From: bob@barfoo.com';
if (isset($_POST['chdir']))
    chdir($_POST['chdir']);
foreach (explode(',', $_POST['to']) as $to)
    echo mail($to, $_POST['subject'], "Dear $to,\n\nBuy now!\n", $headers)
        ? "sent\n" : "not sent\n";
"""
PAGE = "<?php echo 'a page that sends nothing';\n"

SCRIPTS = (
    ("home/ClientX/public_html/phpBB/profile.php", MAILER, "ClientX"),
    ("home/ClientX/public_html/phpBB/viewtopic.php", PAGE, "ClientX"),
    ("home/ClientX/public_html/gallery/upload.php", MAILER, "ClientX"),
    ("home/ClientX/public_html/index.php", PAGE, "ClientX"),
    ("home/ClientY/public_html/wp-content/uploads/cache.php", MAILER, "ClientY"),
    ("home/ClientY/public_html/my shop 3 args: x/order.php", MAILER, "ClientY"),
    ("home/ClientX/shop/contact/send.php", MAILER, "ClientX"),
    ("home/ClientX/domains/da.example.com/public_html/form.php", MAILER, "ClientX"),
    ("home/ClientY/web/hestia.example.com/public_html/form.php", MAILER, "ClientY"),
)


def write(world):
    """Writes /etc/apache2, the pool of php-fpm, and the sites with their scripts."""
    modules = "\n".join(
        f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so" for m in MODULES
    )
    world.write("etc/apache2/apache2.conf", APACHE_CONF % {"modules": modules})
    world.write("etc/apache2/envvars", "export APACHE_LOG_DIR=/var/log/apache2$SUFFIX\n")
    for name, folder, _, more, log in SITES:
        world.write(
            f"etc/apache2/sites-enabled/{name}.conf",
            SITE % {"name": name, "folder": folder, "log": log, "more": more},
        )
    # suexec: which folder scripts must be in, for a web server that runs as nobody
    for caller in ("nobody", "www-data"):
        world.write(f"etc/apache2/suexec/{caller}", "/home\npublic_html/cgi-bin\n")
    world.write("etc/php/8.2/fpm/php-fpm.conf", FPM_CONF)
    world.write("etc/php/8.2/fpm/pool.d/ClientY.conf", POOL)
    world.write(MAIL_LOG.lstrip("/"), "", "nobody", 0o640)
    world.write(POOL_MAIL_LOG.lstrip("/"), "", "ClientY", 0o600)
    for path, text, owner in SCRIPTS:
        world.write(path, text, owner)
    world.write("home/ClientX/shop/cgi-bin/php.cgi", CGI, "ClientX", 0o755)
    _own_tree(world, "home/ClientX", "ClientX")
    _own_tree(world, "home/ClientY", "ClientY")


def _own_tree(world, top, owner):
    for path in (world.server / top).rglob("*"):
        world.own(path, owner)
