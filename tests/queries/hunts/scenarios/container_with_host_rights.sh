# finds: cmdline~--privileged
# near miss: an ordinary container with the workspace in it
setup() { fake docker; }
positive() { docker run --rm --privileged -v /:/host alpine sh; }
negative() { docker run --rm -v /home/dev/work:/src -w /src alpine make; docker ps; }
