ORIGIN = "elsewhere"
