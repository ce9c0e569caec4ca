# finds: target=/home/dev/.config/systemd/user/x.service
# near miss: a unit file is written into the project, to be packed
positive() { mkdir -p ~/.config/systemd/user; echo '[Service]' >~/.config/systemd/user/x.service; }
negative() { mkdir -p packaging/systemd; echo '[Service]' >packaging/systemd/x.service; cat /etc/crontab >/dev/null 2>&1; }
