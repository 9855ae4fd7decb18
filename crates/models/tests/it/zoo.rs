//! Parameters and multiply-adds of the zoo beside the published ones.

use models::{Arch, zoo};

/// Parameters, and multiply-adds in millions to the digits that are published (torchvision, timm and the authors' repositories).
const PUBLISHED: [(&str, i64, &str); 29] = [
    ("lenet5", 61_706, "0.417"),
    ("vgg-small", 964_170, "77.3"),
    ("resnet20", 269_722, "40.6"),
    ("resnet32", 464_154, "68.9"),
    ("resnet44", 658_586, "97.2"),
    ("resnet56", 853_018, "125.5"),
    ("resnet110", 1_727_962, "252.9"),
    ("resnet18-cifar", 11_173_962, "555.4"),
    ("wrn-16-4", 2_748_890, "392.6"),
    ("wrn-28-10", 36_479_194, "5243"),
    ("resnet9", 6_573_120, "379.3"),
    ("airbench93", 569_656, "54.2"),
    ("airbench94", 1_972_792, "118.1"),
    ("airbench95", 4_606_520, "301.6"),
    ("airbench96", 9_918_776, "452.0"),
    ("convmixer-256-8", 594_186, "148.1"),
    ("resnet18", 11_689_512, "1814"),
    ("resnet34", 21_797_672, "3664"),
    ("resnet50", 25_557_032, "4089"),
    ("mobilenet-v2", 3_504_872, "300.8"),
    ("mobilenet-v3-small", 2_542_856, "56.5"),
    ("efficientnet-b0", 5_288_548, "385.8"),
    ("efficientnet-lite0", 4_652_008, "385.2"),
    ("convnext-atto", 3_695_520, "547.3"),
    ("convnext-tiny", 28_589_128, "4456"),
    ("vit-tiny", 5_717_416, "1254"),
    ("vit-small", 22_050_664, "4599"),
    // Not published in this form; 9 * (3 * 64 + 64 * 128 + ...) for the filters, twice the maps for the norms, 513 * 10 for the head.
    ("vgg11", 9_228_362, "152.8"),
    ("vgg16", 14_724_042, "313.2"),
];

#[test]
fn sizes_are_the_published_ones() {
    let list = zoo::list();
    let mut wrong = Vec::new();
    for (name, parameters, millions) in PUBLISHED {
        let entry = list.iter().find(|entry| entry.name == name).unwrap();
        let summary = entry.summary().unwrap();
        let digits = millions.split_once('.').map_or(0, |(_, digits)| digits.len());
        let found = format!("{:.digits$}", summary.multiply_adds as f64 / 1e6);
        if (summary.parameters, found.as_str()) != (parameters, millions) {
            wrong.push(format!("{name}: {} for {parameters}, {found} for {millions}", summary.parameters));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_a_recipe_says_is_what_is_listed() {
    for entry in zoo::list() {
        let text = toml::to_string(&entry.arch).unwrap();
        assert_eq!(toml::from_str::<Arch>(&text).unwrap(), entry.arch, "{text}");
    }
    for (text, mention) in [
        ("kind = 'resnet9'\ndepth = 9", "unknown field `depth`"),
        ("kind = 'vgg'\nsize = '13'", "unknown variant `13`"),
        ("kind = 'cifar-resnet'\nstem = 'cifar'", "unknown field `stem`"),
    ] {
        let message = toml::from_str::<Arch>(text).unwrap_err().to_string();
        assert!(message.contains(mention), "{text}: {message}");
    }
    let told = Arch::CifarResNet { depth: 21 }.check().unwrap_err().to_string();
    assert_eq!(told, "model: `depth` is 21, but must be 6n + 2, for instance 20 or 26");
}
