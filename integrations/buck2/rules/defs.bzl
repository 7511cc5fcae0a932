"""What build files load: libraries, tests and the toolchain that they run with."""

load("//private:closure.bzl", _FastestInfo = "FastestInfo", _fastest_info = "fastest_info")
load("//private:library.bzl", _fastest_library = "fastest_library")
load("//private:test.bzl", _fastest_test = "fastest_test")
load(
    "//private:toolchain.bzl",
    _FastestToolchainInfo = "FastestToolchainInfo",
    _fastest_toolchain = "fastest_toolchain",
)

FastestInfo = _FastestInfo
FastestToolchainInfo = _FastestToolchainInfo
fastest_info = _fastest_info
fastest_library = _fastest_library
fastest_test = _fastest_test
fastest_toolchain = _fastest_toolchain
