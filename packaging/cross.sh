#!/bin/bash
# Cross-builds for arm64 with Debian's own Swift compiler. packaging/build-deb reads this file.
#
# It needs root, and 7 GB in $roots (GATEKEEL_CROSS, without it /var/cache/gatekeel-cross), which is filled once:
#
#   unstable   Debian unstable for this machine, with swiftlang: the compiler runs in it. It has qemu-user for Tests/arm64, too
#   arm64      Debian 13 for arm64, with the -dev packages and the Swift modules and libraries of swiftlang for arm64: what
#              is linked with
#
# Wants: here (the repository).
# shellcheck disable=SC2016,SC2154

roots=${GATEKEEL_CROSS:-/var/cache/gatekeel-cross}
sysroot=$roots/arm64
triple=aarch64-unknown-linux-gnu
# The release of Debian that the package is for. The runtime of unstable's compiler runs on it, and not on Debian 12.
cross_suite=trixie
compiler_packages=swiftlang,pkgconf,libc6-dev,g++,git,ca-certificates,qemu-user
cross_packages=libc6-dev,libstdc++-14-dev,libgcc-14-dev,linux-libc-dev,libsystemd-dev,libcoap3-dev,libarchive-dev,libssl-dev,libcurl4-openssl-dev

# The archive that this machine's apt uses, unless GATEKEEL_MIRROR names another.
mirror() {
    if [ -n "${GATEKEEL_MIRROR:-}" ]; then echo "$GATEKEEL_MIRROR"; return; fi
    apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1
}

debian() { # SUITE: the archive as a line of sources.list(5)
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $1 main"
}

# A root is complete with the packages that are listed today.
is_complete() { # ROOT PACKAGES
    [ "$(cat "$1/.complete" 2>/dev/null)" = "$2" ]
}

make_roots() {
    [ "$(id -u)" -eq 0 ] || { echo "cross-building needs root" >&2; return 1; }
    mkdir -p "$roots" || return
    is_complete "$roots/unstable" $compiler_packages || make_compiler || return
    is_complete "$sysroot" $cross_packages || make_sysroot
}

make_compiler() {
    echo "making a Debian unstable with swiftlang in $roots, once" >&2
    rm -rf "$roots/unstable"
    # Its release file may have expired where the archive is a copy.
    mmdebstrap --quiet --mode=root --variant=minbase --architectures=amd64,arm64 \
        --aptopt='Acquire::Check-Valid-Until "false"' --include=$compiler_packages \
        --customize-hook='cd "$1/root" && for name in swiftlang libswiftlang; do APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q -o APT::Sandbox::User=root download "$name:arm64" || exit 1; done' \
        unstable "$roots/unstable" "$(debian unstable)" &&
        echo $compiler_packages >"$roots/unstable/.complete"
}

make_sysroot() {
    local deb unpacked=$roots/unpacked
    echo "making a Debian $cross_suite for arm64 to link with in $roots, once" >&2
    rm -rf "$sysroot" "$unpacked"
    mmdebstrap --quiet --mode=root --variant=extract --architectures=arm64 --include=$cross_packages \
        $cross_suite "$sysroot" "$(debian $cross_suite)" || return
    for deb in "$roots"/unstable/root/*swiftlang_*_arm64.deb; do dpkg-deb -x "$deb" "$unpacked" || return; done
    cp -a "$unpacked"/usr/libexec/swift/lib/{swift,swift_static,clang} "$sysroot/usr/lib/" || return
    # Swift would use this module where a test imports Foundation. Debian's package does not have its library.
    rm -rf "$unpacked" "$sysroot/usr/lib/swift/linux/Testing.swiftcrossimport"
    [ -e "$sysroot/lib" ] || ln -s usr/lib "$sysroot/lib"
    echo $cross_packages >"$sysroot/.complete"
}

# Runs a command in a root, with the repository and the sysroot at their own paths.
inside() { # ROOT COMMAND…
    unshare --mount --propagation private sh -euc '
        root=$1 here=$2 sysroot=$3
        shift 3
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        # First: the repository may be in /tmp.
        mount -t tmpfs tmpfs "$root/tmp"
        for folder in "$here" "$sysroot"; do
            mkdir -p "$root$folder"
            mount --rbind "$folder" "$root$folder"
        done
        exec chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"' \
        sh "$1" "$here" "$sysroot" "${@:2}"
}

# Runs a command where the compiler is.
cross() { # COMMAND…
    inside "$roots/unstable" PKG_CONFIG_PATH="$sysroot/usr/lib/aarch64-linux-gnu/pkgconfig:$sysroot/usr/share/pkgconfig" \
        PKG_CONFIG_SYSROOT_DIR="$sysroot" "$@"
}

# The description of the target, as `swift build --destination` reads it.
destination() {
    cat <<END
{
    "version": 1,
    "sdk": "$sysroot",
    "toolchain-bin-dir": "/usr/libexec/swift/bin",
    "target": "$triple",
    "extra-cc-flags": ["-fPIC"],
    "extra-cpp-flags": [],
    "extra-swiftc-flags": [
        "-sdk", "$sysroot", "-resource-dir", "$sysroot/usr/lib/swift", "-use-ld=lld",
        "-Xclang-linker", "--sysroot=$sysroot", "-Xclang-linker", "-fuse-ld=lld", "-Xclang-linker", "--target=$triple"
    ]
}
END
}

# What dpkg-shlibdeps cannot find out: the sysroot has no database of packages.
shared_libraries() {
    cat <<END
ld-linux-aarch64 1 libc6
libc 6 libc6 (>= 2.38)
libm 6 libc6 (>= 2.38)
libgcc_s 1 libgcc-s1
libarchive 13 libarchive13t64
libcoap-3-openssl 3 libcoap3t64 (>= 4.3.4)
libcrypto 3 libssl3t64
libssl 3 libssl3t64
libcurl 4 libcurl4t64
libsystemd 0 libsystemd0
END
}
