# Packages and runs the depot server.
# Import it from a system's configuration.
{ config, lib, pkgs, ... }@args:

let
  inherit (lib) mkOption types;
  cfg = config.services.depot;

  # Ports that the server may take.
  ports = [ 80 443 ];

  /* Renders one route.

     Example: renderRoute { path = "/"; } */
  renderRoute = route: ''
    location ${route.path} { return ${toString route.code}; }
  '';

  add = a: b: a + b;
  compose = f: g: x: f (g x);
  withDefaults = { name, port ? 80, ... }: { inherit name port; };
  "quoted name" = x: x;
  package = pkgs.stdenv.mkDerivation rec {
    pname = "depot";
    version = "1.2.3";
    src = ./.;
    buildInputs = [ pkgs.zlib ];
    installPhase = ''
      mkdir -p $out/bin
    '';
    meta.license = lib.licenses.mit;
  };
  nested.attribute.function = x: x + 1;
in
{
  options.services.depot = {
    enable = lib.mkEnableOption "the depot";

    # Where it listens.
    port = mkOption {
      type = types.port;
      default = 80;
    };
  };

  config = lib.mkIf cfg.enable {
    systemd.services.depot = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        ExecStart = "${package}/bin/depot";
        Restart = "always";
      };
    };
  };

  lib = {
    # Doubles a number.
    double = n: n * 2;
  };

  overlay = final: prev: { depot = final.callPackage ./package.nix { }; };
}
