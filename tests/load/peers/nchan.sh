#!/bin/sh
# nginx with nchan: one worker, all files in a separate folder.
#   nchan.sh PORT
port=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/logs"
cat > "$dir/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
master_process off;
worker_rlimit_nofile 100000;
pid $dir/nginx.pid;
error_log $dir/logs/error.log crit;
events { worker_connections 60000; }
http {
  access_log off;
  client_body_temp_path $dir/body;
  proxy_temp_path $dir/proxy;
  fastcgi_temp_path $dir/fastcgi;
  uwsgi_temp_path $dir/uwsgi;
  scgi_temp_path $dir/scgi;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  nchan_shared_memory_size 128M;
  server {
    listen 127.0.0.1:$port backlog=4096;
    location = /health {
      default_type application/json;
      return 200 '{"status":"healthy"}';
    }
    location / {
      nchan_pubsub websocket;
      nchan_channel_id \$uri;
      nchan_message_buffer_length 64;
      nchan_subscriber_first_message newest;
    }
  }
}
CONF
# exec keeps the process id for nginx; the caller removes the folder with its
# TMPDIR.
exec nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/logs/start.log"
