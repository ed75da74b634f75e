#!/bin/bash
# Links the programs of the package with one private copy of the Swift runtime. packaging/build-deb reads this file.
#
# SwiftPM can link the runtime into every program, which costs 7 MB each, or use the toolchain's shared libraries, which are
# seven files with more in them than the programs use. Here the toolchain's static libraries become one shared library,
# usr/lib/gatekeel/libgatekeel-swift.so, which exports only what the programs use, and the programs' objects are linked with
# it. The C++ library is a part of it: its relocations would cost each start more than all of the runtime's.
#
# Wants: bin (SwiftPM's folder of products), resources (the toolchain's folder lib/swift), clang (an array: the compiler that
# links, with its options), architecture (as Swift names it), tree (the folder of what is installed).

# shellcheck disable=SC2016,SC2054,SC2154

# Bind all symbols at start, because the daemons read untrusted data. Packed relocations need glibc 2.36, which
# dpkg-shlibdeps does not notice: debian/control says so.
link_options=(-Wl,--gc-sections -Wl,-z,pack-relative-relocs -Wl,--as-needed -Wl,-z,now -Wl,-z,relro -Wl,--build-id=sha1)

# Links the runtime with what these programs use of it, as SwiftPM has linked them.
link_runtime() { # PROGRAM…
    local archives=${resources}_static/linux exports=$bin/runtime.exports
    {
        echo '{ global:'
        (cd "$bin" && nm --dynamic --undefined-only "$@") | sed -n 's/^ *[Uw] \([^@]*\).*/"\1";/p' | sort -u
        echo 'local: *; };'
    } >"$exports"
    mkdir -p "$tree/usr/lib/gatekeel"
    # Some functions are in the archives of two modules.
    "${clang[@]}" -shared -o "$tree/usr/lib/gatekeel/libgatekeel-swift.so" "$resources/linux/$architecture/swiftrt.o" \
        -Wl,--whole-archive "$archives"/lib{swiftCore,swift_Concurrency,swiftSynchronization,swiftGlibc,swift_Builtin_float}.a \
        -Wl,--no-whole-archive "$archives"/lib{dispatch,BlocksRuntime}.a -Wl,--allow-multiple-definition \
        -Wl,-Bsymbolic -Wl,-soname,libgatekeel-swift.so "-Wl,--version-script=$exports" -Wl,--undefined-version \
        -Wl,-Bstatic -lstdc++ -Wl,-Bdynamic -lm "${link_options[@]}"
}

# Links a program from the objects that SwiftPM lists, with the runtime and the libraries of Debian that SwiftPM has linked.
# It finds the runtime from its own folder: a program in an unpacked tree loads the runtime of the same tree.
link_program() { # PROGRAM FOLDER
    local runtime='$ORIGIN/../lib/gatekeel' library libraries=()
    [ "$2" != usr/lib/gatekeel ] || runtime='$ORIGIN'
    for library in $(readelf -dW "$bin/$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        [ -e "$resources/linux/$library" ] || libraries+=("-l:$library")
    done
    mkdir -p "$tree/$2"
    "${clang[@]}" -pie -o "$tree/$2/$1" "$resources/linux/$architecture/swiftrt.o" "@$bin/$1.product/Objects.LinkFileList" \
        "$tree/usr/lib/gatekeel/libgatekeel-swift.so" "${libraries[@]}" "-Wl,--defsym,main=${1//-/_}_main" \
        "-Wl,-rpath,$runtime" "${link_options[@]}"
}
