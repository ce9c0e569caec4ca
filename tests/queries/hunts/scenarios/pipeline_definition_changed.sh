# finds: target=/home/dev/work/.github/workflows/ci.yml
# near miss: it is read; another file below .github is written
setup() { mkdir -p .github/workflows; echo 'on: push' >.github/workflows/ci.yml; }
positive() { echo 'jobs: {}' >>.github/workflows/ci.yml; }
negative() { cat .github/workflows/ci.yml; echo x >.github/CODEOWNERS; echo x >ci.yml; }
