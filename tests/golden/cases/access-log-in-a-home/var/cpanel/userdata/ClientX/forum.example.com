---
customlog:
  -
    format: combined
    target: /usr/local/apache/domlogs/forum.example.com
documentroot: /home/ClientX/public_html
homedir: /home/ClientX
serveralias: www.forum.example.com
servername: forum.example.com
user: ClientX
