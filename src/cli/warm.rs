//! The arguments of `warm`.

use std::path::PathBuf;

use clap::Args;

use super::SiteArgs;

/// Arguments of `warm`.
#[derive(Clone, Debug, Default, Args)]
#[command(
    after_help = "Without ROOT, --config and --wpt, only the runtimes for scripts are compiled. For an image of a \
    container: `RUN framewright warm SITE` as the user that serves, or `--out` beside the executable for any user."
)]
pub struct WarmArgs {
    /// Root, configuration file, state directory.
    #[command(flatten)]
    pub site: SiteArgs,
    /// A web-platform-tests checkout, as `framewright wpt` serves it, in the place of ROOT
    #[arg(long, value_name = "CHECKOUT", conflicts_with_all = ["root", "config"])]
    pub wpt: Option<PathBuf>,
    /// Fill this folder, not the cache in the state directory; other compiled code is removed from it. A server looks for
    /// the folder `framewright.cache` beside its executable, and uses it if nobody but the executable's owner can write
    /// there
    #[arg(long, value_name = "DIR", conflicts_with = "state_dir")]
    pub out: Option<PathBuf>,
    /// Compile for every processor of this architecture instead of for this machine's, so that the folder can travel
    #[arg(long, requires = "out")]
    pub baseline: bool,
}
