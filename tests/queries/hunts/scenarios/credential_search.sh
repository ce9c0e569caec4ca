# finds: cmdline~id_rsa
# near miss: the same programs look for something else
positive() { find ~ -name id_rsa; grep -rn 'api_key' .; }
negative() { find ~ -name '*.py'; grep -rn 'import os' .; }
