# Components: servicekit (the library, its headers and servicectl), lisp, and mocks, for those who test with it.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(servicekit_package_directory "${CMAKE_INSTALL_LIBDIR}/cmake/servicekit")

install(TARGETS servicekit
    EXPORT servicekitTargets COMPONENT servicekit
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT servicekit)
install(EXPORT servicekitTargets
    NAMESPACE servicekit:: DESTINATION "${servicekit_package_directory}" COMPONENT servicekit)
if(TARGET servicectl)
    install(TARGETS servicectl COMPONENT servicekit)
endif()

if(TARGET servicekit_lisp)
    install(TARGETS servicekit_lisp
        EXPORT servicekitLispTargets COMPONENT lisp
        FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT lisp)
    install(EXPORT servicekitLispTargets
        NAMESPACE servicekit:: DESTINATION "${servicekit_package_directory}" COMPONENT lisp)
endif()

if(TARGET servicekit_mocks)
    install(TARGETS servicekit_mocks
        EXPORT servicekitMocksTargets COMPONENT mocks
        FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT mocks)
    install(EXPORT servicekitMocksTargets
        NAMESPACE servicekit:: DESTINATION "${servicekit_package_directory}" COMPONENT mocks)
endif()

# A shared library brings its own Boost along; to a static one whoever links it must.
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
