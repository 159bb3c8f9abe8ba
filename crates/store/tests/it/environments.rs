//! Environments.

use bespoke_store::Error;
use bespoke_testkit::both;
use uuid::Uuid;

both! {
    async fn an_environment_is_found_by_name_and_uuid(database) {
        let store = database.store().await;
        let dev = store.create_environment("dev", Uuid::from_u128(1)).await.unwrap();
        let prod = store.create_environment("prod", Uuid::from_u128(2)).await.unwrap();
        assert_eq!(store.environments().await.unwrap(), [dev.clone(), prod.clone()]);
        assert_eq!(store.environment_by_name("prod").await.unwrap(), Some(prod));
        assert_eq!(store.environment_by_uuid(Uuid::from_u128(1)).await.unwrap(), Some(dev));
        assert_eq!(store.environment_by_name("Dev").await.unwrap(), None);
        assert_eq!(store.environment_by_uuid(Uuid::from_u128(3)).await.unwrap(), None);
    }

    async fn a_name_is_taken_once(database) {
        let store = database.store().await;
        store.create_environment("dev", Uuid::from_u128(1)).await.unwrap();
        let error = store.create_environment("dev", Uuid::from_u128(2)).await.unwrap_err();
        assert!(matches!(&error, Error::Conflict(name) if name == "the environment"), "{error:?}");
        assert_eq!(store.environments().await.unwrap().len(), 1);
    }
}
