# finds: cmdline~xclip
# near miss: something is put into the clipboard; a picture is converted
setup() { fake xclip; fake scrot; fake ffmpeg; }
positive() { xclip -selection clipboard -o; scrot screen.png; }
negative() { xclip -selection clipboard -i; ffmpeg -i in.mp4 out.gif; }
