# Components: runtime, cluster_runtime and lisp_runtime (shared libraries, which programs need where they run), servicekit
# (what a build of a program needs, and the static library), cluster, lisp, mocks (for tests of services), documentation,
# and the program servicectl.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(servicekit_package_directory "${CMAKE_INSTALL_LIBDIR}/cmake/servicekit")

install(TARGETS servicekit EXPORT servicekitTargets
    LIBRARY COMPONENT runtime NAMELINK_COMPONENT servicekit
    ARCHIVE COMPONENT servicekit
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT servicekit)
install(EXPORT servicekitTargets
    NAMESPACE servicekit:: DESTINATION "${servicekit_package_directory}" COMPONENT servicekit)
foreach(component IN ITEMS cluster lisp mocks)
    if(TARGET servicekit_${component})
        add_subdirectory("${PROJECT_SOURCE_DIR}/cmake/component" "${PROJECT_BINARY_DIR}/install/${component}")
    endif()
endforeach()
if(TARGET servicectl)
    set(program servicectl)
    set(pages "${servicectl_pages}")
    add_subdirectory("${PROJECT_SOURCE_DIR}/cmake/program" "${PROJECT_BINARY_DIR}/install/servicectl")
endif()

# A shared library is linked with Boost itself. A program that uses the static library must link Boost.
get_target_property(servicekit_type servicekit TYPE)
if(servicekit_type STREQUAL "STATIC_LIBRARY")
    set(SERVICEKIT_LINKS_BOOST ON)
else()
    set(SERVICEKIT_LINKS_BOOST OFF)
endif()
configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/servicekitConfig.cmake.in" "${PROJECT_BINARY_DIR}/servicekitConfig.cmake"
    INSTALL_DESTINATION "${servicekit_package_directory}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/servicekitConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/servicekitConfig.cmake" "${PROJECT_BINARY_DIR}/servicekitConfigVersion.cmake"
    DESTINATION "${servicekit_package_directory}" COMPONENT servicekit)
include(ServicekitPkgConfig)

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT servicekit)
install(FILES README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT documentation)
install(DIRECTORY docs DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT documentation)
# Without what builds and tests all examples in this tree.
install(DIRECTORY examples DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT documentation
    PATTERN CMakeLists.txt EXCLUDE
    PATTERN run_session EXCLUDE)

if(PROJECT_IS_TOP_LEVEL)
    add_custom_target(uninstall
        COMMAND "${CMAKE_COMMAND}" -D "BUILD_DIRECTORY=${PROJECT_BINARY_DIR}" -P "${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake"
        COMMENT "Removing what was installed from this build" VERBATIM)
endif()
