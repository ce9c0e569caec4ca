# finds: cmdline~crontab
# near miss: jobs are listed, a service is asked how it is
setup() { fake crontab; fake systemctl; fake at; }
positive() { echo '* * * * * sh ~/x' | crontab -; systemctl --user enable x.timer; }
negative() { crontab -l; systemctl status x; at -l; }
