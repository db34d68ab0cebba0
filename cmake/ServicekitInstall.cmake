# Components: servicekit (the library and its headers), lisp, and mocks (for tests of services).
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(servicekit_package_directory "${CMAKE_INSTALL_LIBDIR}/cmake/servicekit")

install(TARGETS servicekit
    EXPORT servicekitTargets COMPONENT servicekit
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT servicekit)
install(EXPORT servicekitTargets
    NAMESPACE servicekit:: DESTINATION "${servicekit_package_directory}" COMPONENT servicekit)
foreach(component IN ITEMS lisp mocks)
    if(TARGET servicekit_${component})
        add_subdirectory("${PROJECT_SOURCE_DIR}/cmake/component" "${PROJECT_BINARY_DIR}/install/${component}")
    endif()
endforeach()

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
