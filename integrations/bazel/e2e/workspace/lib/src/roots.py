ROOT = "src"
