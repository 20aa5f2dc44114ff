#!/bin/sh
# nginx with one process that answers /health itself.
#   nginx.sh PORT
port=$1
dir=$(mktemp -d)
mkdir "$dir/logs"
cat > "$dir/nginx.conf" <<CONF
daemon off;
master_process off;
worker_rlimit_nofile 20000;
pid $dir/nginx.pid;
error_log $dir/logs/error.log crit;
events { worker_connections 19000; }
http {
  access_log off;
  client_body_temp_path $dir/body;
  proxy_temp_path $dir/proxy;
  fastcgi_temp_path $dir/fastcgi;
  uwsgi_temp_path $dir/uwsgi;
  scgi_temp_path $dir/scgi;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  server {
    listen 127.0.0.1:$port backlog=4096;
    location = /health {
      default_type application/json;
      return 200 '{"status":"healthy"}';
    }
  }
}
CONF
# exec keeps the process id for nginx; the caller removes the folder with its
# TMPDIR.
exec nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/logs/start.log"
