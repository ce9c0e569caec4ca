# finds: program=deploy
# near miss: the option is there, but a variable's name or a file stands behind it; a hash looks like a key
setup() { fake deploy; }
positive() { deploy --header "Authorization: Bearer 0123456789abcdef0123456789abcdef"; }
negative() { deploy --token-file /run/token --sha 0123456789abcdef0123456789abcdef; deploy --header "Authorization: Bearer \$TOKEN"; }
