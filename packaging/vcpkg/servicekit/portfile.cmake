# An overlay port that builds this tree: vcpkg install servicekit --overlay-ports=packaging/vcpkg
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS features
    FEATURES
        cluster SERVICEKIT_CLUSTER
        servicectl SERVICEKIT_SERVICECTL
    INVERTED_FEATURES mocks CMAKE_DISABLE_FIND_PACKAGE_GTest)
string(COMPARE EQUAL "${VCPKG_LIBRARY_LINKAGE}" static static_boost)

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        ${features}
        -DSERVICEKIT_STATIC_BOOST=${static_boost}
        -DSERVICEKIT_LISP=OFF
        -DSERVICEKIT_TESTS=OFF
        -DSERVICEKIT_EXAMPLES=OFF
    MAYBE_UNUSED_VARIABLES CMAKE_DISABLE_FIND_PACKAGE_GTest)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/servicekit)
vcpkg_fixup_pkgconfig()
if("servicectl" IN_LIST FEATURES)
    vcpkg_copy_tools(TOOL_NAMES servicectl AUTO_CLEAN)
endif()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share"
    "${CURRENT_PACKAGES_DIR}/share/doc")
file(INSTALL "${CURRENT_PORT_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
