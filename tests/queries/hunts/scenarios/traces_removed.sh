# finds: path=/var/log/app.log operation=file.delete
# near miss: a log is read and written on; one of the project is deleted
setup() { mkdir -p log; echo x >/var/log/app.log; echo x >log/test.log; }
positive() { rm /var/log/app.log; }
negative() { cat /var/log/app.log; echo y >>/var/log/app.log; rm log/test.log; }
