# finds: cmdline~secret-tool
# near miss: the tools only say what they are, and a file beside the browser's store is read
setup() { fake secret-tool; fake pass; mkdir -p ~/.config/chromium/Default; echo x >"$HOME/.config/chromium/Default/Login Data"; echo x >~/.config/chromium/Default/Preferences; }
positive() { secret-tool lookup service github; cat "$HOME/.config/chromium/Default/Login Data"; }
negative() { secret-tool --version; pass version; cat ~/.config/chromium/Default/Preferences; }
