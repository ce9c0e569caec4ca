# finds: site=webhook.site
# near miss: a name that only ends alike
positive() { curl -s -m 2 --resolve webhook.site:80:203.0.113.9 http://webhook.site/abc; }
negative() { curl -s -m 2 --resolve site.example:80:203.0.113.9 http://site.example/webhook; }
